-- Question: what are all areas?
-- Parameters: none
-- Columns: code, name, level, parent_code, geom (WKB, EPSG:4326, or null), by level from city down, then code
-- Index: area_pkey
SELECT a.code, a.name, a.level, p.code AS parent_code, ST_AsBinary(a.geom) AS geom
FROM area a LEFT JOIN area p ON p.id = a.parent_id
ORDER BY array_position(ARRAY['city', 'district', 'subdistrict', 'community'], a.level), a.code
