-- Question: which published grids does a reader see on the map?
-- Parameters: :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which grids this reader sees,
--   :tolerance_deg (how much a border may be straightened)
-- Columns: code, name, layer, shape (GeoJSON geometry, degrees with 6 decimals), base grids first, by code
-- Index: grid_version_current_key
SELECT g.code, g.name, g.layer, ST_AsGeoJSON(ST_SimplifyPreserveTopology(g.geom, :tolerance_deg), 6, 0) AS shape
FROM grid_version g
WHERE g.valid_from IS NOT NULL AND g.valid_to IS NULL
  AND (:all_areas OR g.id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint))))
ORDER BY g.layer, g.code
