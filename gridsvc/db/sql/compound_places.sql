-- Question: where are the compounds, all of them or those within a box?
-- Parameters: :west, :south, :east, :north (degrees, EPSG:4326, or null: everywhere)
-- Columns: code (source:ref, as coverage has it), id, name, lon, lat (degrees, a point inside it), by id
-- Index: compound_geom_idx
SELECT c.source || ':' || c.ref AS code, c.id, c.name, ST_X(p.geom) AS lon, ST_Y(p.geom) AS lat
FROM compound c
CROSS JOIN LATERAL (SELECT ST_PointOnSurface(c.geom) AS geom) p
WHERE CAST(:west AS float8) IS NULL OR c.geom && ST_MakeEnvelope(:west, :south, :east, :north, 4326)
ORDER BY c.id
