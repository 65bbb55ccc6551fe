-- Question: which compounds does a reader see on the map?
-- Parameters: :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): those in a grid this reader sees,
--   :tolerance_deg (how much an outline may be straightened)
-- Columns: id, name, kind (polygon|point), shape (GeoJSON geometry, degrees with 6 decimals), by id
-- Index: grid_version_geom_idx
SELECT c.id, c.name, CASE WHEN ST_Dimension(c.geom) = 0 THEN 'point' ELSE 'polygon' END AS kind,
  ST_AsGeoJSON(ST_SimplifyPreserveTopology(c.geom, :tolerance_deg), 6, 0) AS shape
FROM compound c
WHERE :all_areas OR EXISTS (
  SELECT FROM grid_version g
  WHERE ST_Intersects(g.geom, ST_PointOnSurface(c.geom)) AND g.valid_from IS NOT NULL AND g.valid_to IS NULL
    AND g.id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint))))
ORDER BY c.id
