-- Question: how many questionnaires were given out and taken back at the doors of a campaign, and how many visits came late?
-- Parameters: :campaign_id, :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which doors this reader sees
-- Columns: n_issued, n_returned, n_late, n_visits (of counted visits; the last as it is kept); one row
-- Index: visit_papers_idx, campaign_door_pkey, campaign_grid_key
WITH mine AS MATERIALIZED (
  SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint)) AS id WHERE NOT :all_areas
),
remarkable AS MATERIALIZED (
  SELECT v.household_id, v.n_issued, v.n_returned, v.late
  FROM campaign c
  JOIN effective_visits('infinity') v
    ON v.happened_at >= c.starts_at AND v.happened_at < c.ends_at AND v.mode = ANY (c.modes)
    AND (v.late OR v.n_issued > 0 OR v.n_returned > 0)
  WHERE c.id = :campaign_id
),
told AS (
  SELECT coalesce(sum(v.n_issued), 0) AS n_issued, coalesce(sum(v.n_returned), 0) AS n_returned,
    count(*) FILTER (WHERE v.late) AS n_late
  FROM remarkable v
  JOIN campaign_door d ON d.campaign_id = :campaign_id AND d.household_id = v.household_id
  JOIN household h ON h.id = d.household_id
  WHERE :all_areas OR h.grid_version_id IN (SELECT m.id FROM mine m)
)
SELECT told.*, (
    SELECT coalesce(sum(g.n_visits), 0) FROM campaign_grid g
    WHERE g.campaign_id = :campaign_id AND (:all_areas OR g.grid_version_id IN (SELECT m.id FROM mine m))
  ) AS n_visits
FROM told
