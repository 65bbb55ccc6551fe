-- Question: in which version are the counts of a campaign by grid kept, as far as this reader sees them?
-- Parameters: :campaign_id,
--   :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which doors this reader sees
-- Columns: n (rows), version (one number of where all rows lie and of the transactions that wrote them); one row. As long as
--   both are the same, so is what coverage_by_grid_kept tells: a grid's code, name and layer never change
-- Index: campaign_grid_key
SELECT count(*) AS n, sum(hashtidextended(s.ctid, CAST(CAST(s.xmin AS text) AS bigint))) AS version
FROM campaign_grid s
WHERE s.campaign_id = :campaign_id AND s.enumerated > 0
  AND (:all_areas OR s.grid_version_id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint))))
