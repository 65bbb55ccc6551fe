-- Question: which published grids of a reader are nearest to a point, and how far are they?
-- Parameters: :lon, :lat (degrees, EPSG:4326), :n (rows),
--   :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which grids this reader sees
-- Columns: code, name, layer, area_name, distance_m (geodesic, 0 inside), nearest first
-- Index: grid_version_geom_idx
WITH spot AS (
  SELECT ST_SetSRID(ST_MakePoint(:lon, :lat), 4326) AS geom
),
near AS (
  -- planar order may differ from metres: a few more are taken, and metres decide
  SELECT g.code, g.name, g.layer, g.area_id, ST_Distance(g.geom::geography, spot.geom::geography) AS distance_m
  FROM grid_version g, spot
  WHERE g.valid_from IS NOT NULL AND g.valid_to IS NULL AND g.layer = 'base'
    AND (:all_areas OR g.id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint))))
  ORDER BY g.geom <-> spot.geom
  LIMIT :n + 5
)
SELECT n.code, n.name, n.layer, a.name AS area_name, n.distance_m
FROM near n
LEFT JOIN area a ON a.id = n.area_id
ORDER BY n.distance_m, n.code
LIMIT :n
