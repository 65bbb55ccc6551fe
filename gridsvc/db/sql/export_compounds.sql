-- Question: what are all compounds?
-- Parameters: :source (or null: all)
-- Columns: source, code, name, aliases (with ； between them), households, buildings, managed, geom (WKB, EPSG:4326), by
--   source and code
-- Index: compound_source_ref_key
SELECT source, ref AS code, name, nullif(array_to_string(aliases, '；'), '') AS aliases, n_households AS households,
  n_buildings AS buildings, managed, ST_AsBinary(geom) AS geom
FROM compound
WHERE CAST(:source AS text) IS NULL OR source = CAST(:source AS text)
ORDER BY source, ref
