-- Question: which of these reports does a reader see, as sees_report has it of one?
-- Parameters: :ids (bigint[]), :sees_unplaced (bool: reports on no grid too),
--   :all_areas (bool), :area_ids (bigint[]), :worker_id, :department_id (bigint or null): which grids this reader sees
-- Columns: id
-- Index: placement_current_key, report_pkey
WITH seen AS MATERIALIZED (
  SELECT s.id FROM seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint)) AS s (id)
)
SELECT r.id
FROM report r
JOIN placement p ON p.report_id = r.id AND p.to_at IS NULL
WHERE r.id = ANY (CAST(:ids AS bigint[]))
  AND (CAST(:all_areas AS boolean) OR p.grid_version_id IN (SELECT s.id FROM seen s)
    OR takes_part(CAST(:department_id AS bigint), r.department_id, r.assist_ids, r.called_ids)
    OR (r.state = 'filed' AND r.category IN (SELECT claimed_categories(CAST(:department_id AS bigint)))
      AND p.grid_version_id IN (SELECT claimed_grids(CAST(:department_id AS bigint))))
    OR (CAST(:sees_unplaced AS boolean) AND p.grid_version_id IS NULL))
