-- Question: which grids does a reader see, of the editions that held at an instant?
-- Parameters: :at (instant), :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null)
-- Columns: code, name, layer, by code
-- Index: grid_version_current_key
SELECT g.code, g.name, g.layer
FROM grid_version g
WHERE g.valid_from <= :at AND (g.valid_to IS NULL OR g.valid_to > :at)
  AND (:all_areas OR g.id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint))))
ORDER BY g.code, g.layer
