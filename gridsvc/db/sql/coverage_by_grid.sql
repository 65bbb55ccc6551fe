-- Question: of the registered doors in each current grid, how many distinct ones were reached in a period?
-- Parameters: :from_at, :to_at (instants),
--   :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which grids this reader sees
-- Columns: code, name, layer, n (doors reached), denom (doors registered), retired (always false), by code
-- Index: visit_happened_at_idx, household_grid_version_id_idx, grid_version_current_key
WITH reached AS (
  SELECT DISTINCT household_id FROM visit
  WHERE outcome = 'reached' AND happened_at >= :from_at AND happened_at < :to_at
),
doors AS (
  SELECT h.grid_version_id, count(*) AS denom, count(v.household_id) AS n
  FROM household h LEFT JOIN reached v ON v.household_id = h.id
  WHERE h.grid_version_id IS NOT NULL
  GROUP BY h.grid_version_id
)
SELECT g.code, g.name, g.layer, coalesce(d.n, 0) AS n, coalesce(d.denom, 0) AS denom, false AS retired
FROM grid_version g
LEFT JOIN doors d ON d.grid_version_id = g.id
WHERE g.valid_from IS NOT NULL AND g.valid_to IS NULL
  AND (:all_areas OR g.id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint))))
ORDER BY g.code, g.layer
