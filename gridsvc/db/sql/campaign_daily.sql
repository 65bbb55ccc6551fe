-- Question: how many doors of a campaign's list were first reached on each day?
-- Parameters: :campaign_id, :zone (name of a time zone),
--   :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which doors this reader sees
-- Columns: day, n_new (eligible doors first reached on it), by day
-- Index: campaign_door_pkey, household_pkey
SELECT CAST(d.reached_at AT TIME ZONE :zone AS date) AS day, count(*) AS n_new
FROM campaign_door d
JOIN household h ON h.id = d.household_id
WHERE d.campaign_id = :campaign_id AND d.reached_at IS NOT NULL AND h.excluded IS NULL
  AND (:all_areas OR h.grid_version_id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint))))
GROUP BY 1
ORDER BY 1
