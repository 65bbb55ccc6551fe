-- Question: which compounds does a reader see on the map?
-- Parameters: :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): those in a grid this reader sees,
--   :tolerance_deg (how much an outline may be straightened)
-- Columns: id, name, kind (polygon|point), shape (GeoJSON geometry, degrees with 6 decimals), by id
-- Index: grid_version_geom_idx
WITH RECURSIVE seen_area AS (
  SELECT id FROM area WHERE id = ANY (CAST(:area_ids AS bigint[]))
  UNION
  SELECT a.id FROM area a JOIN seen_area s ON a.parent_id = s.id
)
SELECT c.id, c.name, CASE WHEN ST_Dimension(c.geom) = 0 THEN 'point' ELSE 'polygon' END AS kind,
  ST_AsGeoJSON(ST_SimplifyPreserveTopology(c.geom, :tolerance_deg), 6, 0) AS shape
FROM compound c
WHERE :all_areas OR EXISTS (
  SELECT FROM grid_version g
  WHERE ST_Intersects(g.geom, ST_PointOnSurface(c.geom)) AND g.valid_from IS NOT NULL AND g.valid_to IS NULL
    AND (g.area_id IN (SELECT id FROM seen_area)
      OR EXISTS (
        SELECT FROM duty u WHERE u.worker_id = CAST(:worker_id AS bigint) AND u.grid_code = g.code AND u.layer = g.layer)))
ORDER BY c.id
