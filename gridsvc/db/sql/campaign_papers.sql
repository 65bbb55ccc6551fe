-- Question: how many questionnaires were given out and taken back at the doors of a campaign, and how many visits came late?
-- Parameters: :campaign_id, :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which doors this reader sees
-- Columns: n_issued, n_returned, n_late, n_visits (of counted visits); one row
-- Index: visit_happened_at_idx, campaign_door_pkey
SELECT coalesce(sum(v.n_issued), 0) AS n_issued, coalesce(sum(v.n_returned), 0) AS n_returned,
  count(*) FILTER (WHERE v.late) AS n_late, count(*) AS n_visits
FROM campaign c
JOIN effective_visits('infinity') v
  ON v.happened_at >= c.starts_at AND v.happened_at < c.ends_at AND v.mode = ANY (c.modes)
JOIN campaign_door d ON d.campaign_id = c.id AND d.household_id = v.household_id
JOIN household h ON h.id = d.household_id
WHERE c.id = :campaign_id
  AND (:all_areas OR h.grid_version_id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint))))
