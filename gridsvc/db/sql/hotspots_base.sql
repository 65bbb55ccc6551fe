-- Question: which versions make up the published base layer, and which of them does a reader see?
-- Parameters: :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which grids this reader sees
-- Columns: id, seen, by id
-- Index: grid_version_current_key
SELECT id, (:all_areas OR id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint)))) AS seen
FROM grid_version
WHERE layer = 'base' AND valid_from IS NOT NULL AND valid_to IS NULL
ORDER BY id
