-- Question: how many doors of a campaign's list were first reached on each day, by grid and by compound?
-- Parameters: :campaign_id, :zone (name of a time zone), :first (the day with number 0),
--   :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which doors this reader sees
-- Columns: grid_code, compound_code (one of them null; both: doors in none), of_grid (bool: which of the two it is about),
--   numbers (int[]: days, rising), counts (bigint[]: eligible doors first reached on each of them)
-- Index: campaign_door_pkey, household_pkey
WITH told AS MATERIALIZED (
  SELECT h.grid_version_id, h.compound_id,
    CAST(d.reached_at AT TIME ZONE :zone AS date) - CAST(:first AS date) AS nr, count(*) AS n
  FROM campaign_door d
  JOIN household h ON h.id = d.household_id
  WHERE d.campaign_id = :campaign_id AND d.reached_at IS NOT NULL AND h.excluded IS NULL
    AND (:all_areas
      OR h.grid_version_id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint))))
  GROUP BY 1, 2, 3
),
by_place AS (
  SELECT g.code AS grid_code, CAST(NULL AS text) AS compound_code, true AS of_grid, t.nr, sum(t.n) AS n
  FROM told t LEFT JOIN grid_version g ON g.id = t.grid_version_id
  GROUP BY g.code, t.nr
  UNION ALL
  SELECT NULL, k.source || ':' || k.ref, false, t.nr, sum(t.n)
  FROM told t LEFT JOIN compound k ON k.id = t.compound_id
  GROUP BY k.source || ':' || k.ref, t.nr
)
SELECT grid_code, compound_code, of_grid, array_agg(nr ORDER BY nr) AS numbers,
  array_agg(CAST(n AS bigint) ORDER BY nr) AS counts
FROM by_place
GROUP BY grid_code, compound_code, of_grid
ORDER BY of_grid DESC, grid_code COLLATE "C", compound_code COLLATE "C"
