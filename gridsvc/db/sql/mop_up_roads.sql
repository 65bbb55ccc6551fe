-- Question: which roads of the base map lie in a box?
-- Parameters: :west, :south, :east, :north (degrees of EPSG:4326), :most (rows)
-- Columns: shape (WKB)
-- Index: basemap_geom_idx
SELECT ST_AsBinary(b.geom) AS shape
FROM basemap b
WHERE b.kind = 'road' AND b.geom && ST_MakeEnvelope(:west, :south, :east, :north, 4326)
ORDER BY b.id
LIMIT :most
