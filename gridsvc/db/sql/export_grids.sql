-- Question: what are the grids of some editions?
-- Parameters: :ids (bigint[], editions)
-- Columns: code, name, layer, area_code, geom (WKB, EPSG:4326), by layer and code
-- Index: edition_grid_pkey
SELECT g.code, g.name, g.layer, a.code AS area_code, ST_AsBinary(g.geom) AS geom
FROM edition_grid e
JOIN grid_version g ON g.id = e.grid_version_id
LEFT JOIN area a ON a.id = g.area_id
WHERE e.edition_id = ANY (CAST(:ids AS bigint[]))
ORDER BY g.layer, g.code
