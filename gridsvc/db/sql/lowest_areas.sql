-- Question: what are the areas of the lowest level that has shapes?
-- Parameters: none
-- Columns: code, geom (WKB), by code
-- Index: area_geom_idx
SELECT a.code, ST_AsBinary(a.geom) AS geom
FROM area a
WHERE a.geom IS NOT NULL AND a.level = (
  SELECT level FROM area WHERE geom IS NOT NULL
  ORDER BY array_position(ARRAY['community', 'subdistrict', 'district', 'city'], level) LIMIT 1
)
ORDER BY a.code
