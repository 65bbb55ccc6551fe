-- Question: does a reader see more doors than this?
-- Parameters: :most, :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which grids this reader sees
-- Columns: yes or no; one row
-- Index: household_grid_version_id_idx
SELECT count(*) > :most FROM (
  SELECT FROM household h
  WHERE h.removed_at IS NULL AND (:all_areas
    OR h.grid_version_id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint))))
  LIMIT CAST(:most AS bigint) + 1
) AS few
