-- Question: what does the base map have from a source?
-- Parameters: :source
-- Columns: kind, class_, name, wkb (EPSG:4326)
-- Index: none
SELECT kind, class AS class_, name, ST_AsBinary(geom, 'NDR') AS wkb FROM basemap WHERE source = :source
