-- Question: how far is a campaign by grid, from the counts that are kept?
-- Parameters: :campaign_id,
--   :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which doors this reader sees
-- Columns: grid_code, grid_name, name_en (null: grids have one name), layer (null: in no grid), the counts in the order of rules.coverage.COUNTS; by
--   grid_version_id, those in no grid last
-- Index: campaign_grid_key, grid_version_called_idx
SELECT g.code AS grid_code, g.name AS grid_name, NULL AS name_en, g.layer,
  s.enumerated, s.targeted, s.eligible, s.attempted, s.found, s.reached, s.reached_enumerated, s.completed, s.absent,
  s.refused, s.vacant, s.moved, s.not_found, s.not_eligible, s.not_visited, s.removed, s.n_visits, s.n_met,
  s.most_met
FROM campaign_grid s
LEFT JOIN grid_version g ON g.id = s.grid_version_id
WHERE s.campaign_id = :campaign_id AND s.enumerated > 0
  AND (:all_areas OR s.grid_version_id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint))))
ORDER BY s.grid_version_id
