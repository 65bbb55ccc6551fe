-- Question: which named compound and which named road is nearest to a point, where and how far?
-- Parameters: :lon, :lat (degrees, EPSG:4326), :most_m (metres), :most_deg (at least as far, in degrees both ways)
-- Columns: kind (compound|road), name, distance_m (geodesic, 0 inside), azimuth_deg (clockwise from north, of the point
--   as seen from the middle of the compound, or from the road; null where they fall together), nearest first
-- Index: compound_geom_idx, basemap_geom_idx
WITH here AS (
  SELECT ST_SetSRID(ST_MakePoint(CAST(:lon AS float8), CAST(:lat AS float8)), 4326) AS geom
),
near AS (
  (SELECT 'compound' AS kind, c.name, ST_Distance(c.geom::geography, h.geom::geography) AS distance_m,
    ST_PointOnSurface(c.geom) AS seen_from, h.geom AS point
  FROM here h JOIN compound c ON c.geom && ST_Expand(h.geom, :most_deg)
  ORDER BY ST_Distance(c.geom::geography, h.geom::geography), c.id LIMIT 1)
  UNION ALL
  (SELECT 'road', b.name, ST_Distance(b.geom::geography, h.geom::geography), ST_ClosestPoint(b.geom, h.geom), h.geom
  FROM here h JOIN basemap b ON b.geom && ST_Expand(h.geom, :most_deg)
  WHERE b.kind = 'road' AND b.name <> ''
  ORDER BY ST_Distance(b.geom::geography, h.geom::geography), b.id LIMIT 1)
)
SELECT kind, name, distance_m, degrees(ST_Azimuth(seen_from::geography, point::geography)) AS azimuth_deg
FROM near
WHERE distance_m <= :most_m
ORDER BY distance_m, kind
