-- Question: what are the compounds called, and where are they?
-- Parameters: :n (rows at most)
-- Columns: id, name, area_name (null), lon, lat (degrees, a point inside it), by name; no row when there are more than :n
-- Index: compound_pkey
SELECT c.id, c.name, CAST(NULL AS text) AS area_name, ST_X(p.geom) AS lon, ST_Y(p.geom) AS lat
FROM compound c
CROSS JOIN LATERAL (SELECT ST_PointOnSurface(c.geom) AS geom) p
WHERE (SELECT count(*) FROM compound) <= :n
ORDER BY c.name, c.id
