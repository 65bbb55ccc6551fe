-- Question: which published grids does a reader see on the map?
-- Parameters: :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which grids this reader sees,
--   :tolerance_deg (how much a border may be straightened)
-- Columns: code, name, layer, shape (GeoJSON geometry, degrees with 6 decimals), base grids first, by code
-- Index: grid_version_current_key
WITH RECURSIVE seen_area AS (
  SELECT id FROM area WHERE id = ANY (CAST(:area_ids AS bigint[]))
  UNION
  SELECT a.id FROM area a JOIN seen_area s ON a.parent_id = s.id
)
SELECT g.code, g.name, g.layer, ST_AsGeoJSON(ST_SimplifyPreserveTopology(g.geom, :tolerance_deg), 6, 0) AS shape
FROM grid_version g
WHERE g.valid_from IS NOT NULL AND g.valid_to IS NULL
  AND (:all_areas OR g.area_id IN (SELECT id FROM seen_area)
    OR EXISTS (
      SELECT FROM duty u WHERE u.worker_id = CAST(:worker_id AS bigint) AND u.grid_code = g.code AND u.layer = g.layer))
ORDER BY g.layer, g.code
