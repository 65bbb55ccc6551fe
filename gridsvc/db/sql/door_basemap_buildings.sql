-- Question: which named buildings of the base map lie in the compounds of staged doors?
-- Parameters: none
-- Columns: compound_id, name, lon, lat (degrees, a point inside it)
-- Index: basemap_geom_idx
SELECT c.id AS compound_id, b.name, ST_X(p.geom) AS lon, ST_Y(p.geom) AS lat
FROM (SELECT DISTINCT compound_id FROM door_home WHERE compound_id IS NOT NULL) h
JOIN compound c ON c.id = h.compound_id AND GeometryType(c.geom) <> 'POINT'
JOIN basemap b ON b.kind = 'building' AND b.name IS NOT NULL AND b.geom && c.geom
CROSS JOIN LATERAL (SELECT ST_PointOnSurface(b.geom) AS geom) p
WHERE ST_Covers(c.geom, p.geom)
ORDER BY b.id
