-- Question: what do the places of a coverage look like?
-- Parameters: :dim (grid, compound, community or subdistrict), :at (instant: of the grids that held then)
-- Columns: code, layer (of grids), geom (WKB; null for an area without a shape)
-- Index: grid_version_current_key
SELECT g.code, g.layer, ST_AsBinary(g.geom) AS geom
FROM grid_version g
WHERE :dim = 'grid' AND g.valid_from <= :at AND (g.valid_to IS NULL OR g.valid_to > :at)
UNION ALL
SELECT k.source || ':' || k.ref, NULL, ST_AsBinary(k.geom) FROM compound k WHERE :dim = 'compound'
UNION ALL
SELECT a.code, NULL, ST_AsBinary(a.geom) FROM area a WHERE a.level = :dim
