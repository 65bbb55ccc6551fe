-- Question: is this published grid one that the reader sees?
-- Parameters: :version_id,
--   :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which grids this reader sees
-- Columns: one row with true, or none
-- Index: grid_version_pkey
SELECT true
FROM grid_version g
WHERE g.id = :version_id
  AND (:all_areas OR g.id IN (
    SELECT s.id FROM seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint)) AS s (id)))
