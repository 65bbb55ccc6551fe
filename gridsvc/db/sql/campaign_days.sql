-- Question: how many doors of a campaign's list were first reached on each day, by grid and by compound?
-- Parameters: :campaign_id, :begins (timestamptz[], rising: when its days begin; the first one has number 0),
--   :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which doors this reader sees
-- Columns: of_grid (bool: about a grid, else a compound), excluded (bool: about doors that are confirmed as not to be visited, of
--   grids alone; else about eligible ones), grid_code, compound_id, compound_code (null: of the other kind,
--   or doors in none),
--   numbers (int[]: days, rising), counts (bigint[]: doors first reached on each of them)
-- Index: campaign_door_pkey, household_pkey
WITH told AS MATERIALIZED (
  SELECT h.grid_version_id, h.compound_id, h.excluded IS NOT NULL AS excluded, width_bucket(d.reached_at, CAST(:begins AS timestamptz[])) - 1 AS nr,
    count(*) AS n
  FROM campaign_door d
  JOIN household h ON h.id = d.household_id
  WHERE d.campaign_id = :campaign_id AND d.reached_at IS NOT NULL
    AND (:all_areas
      OR h.grid_version_id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint))))
  GROUP BY 1, 2, 3, 4
),
by_grid AS (
  SELECT t.id, t.excluded, array_agg(t.nr ORDER BY t.nr) AS numbers, array_agg(t.n ORDER BY t.nr) AS counts
  FROM (
    SELECT t.grid_version_id AS id, t.excluded, t.nr, CAST(sum(t.n) AS bigint) AS n FROM told t GROUP BY 1, 2, 3
  ) t
  GROUP BY t.id, t.excluded
),
by_compound AS (
  SELECT t.id, array_agg(t.nr ORDER BY t.nr) AS numbers, array_agg(t.n ORDER BY t.nr) AS counts
  FROM (SELECT t.compound_id AS id, t.nr, CAST(sum(t.n) AS bigint) AS n FROM told t WHERE NOT t.excluded GROUP BY 1, 2) t
  GROUP BY t.id
)
SELECT true AS of_grid, b.excluded, g.code AS grid_code, CAST(NULL AS bigint) AS compound_id, NULL AS compound_code, b.numbers, b.counts
FROM by_grid b LEFT JOIN grid_version g ON g.id = b.id
UNION ALL
SELECT false, false, NULL, k.id, k.source || ':' || k.ref, b.numbers, b.counts
FROM by_compound b LEFT JOIN compound k ON k.id = b.id
