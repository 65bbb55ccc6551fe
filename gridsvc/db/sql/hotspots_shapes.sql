-- Question: what do these grids look like?
-- Parameters: :ids (bigint[], versions)
-- Columns: id, shape (WKB, EPSG:4326), by id
-- Index: grid_version_pkey
SELECT id, ST_AsBinary(geom) AS shape
FROM grid_version
WHERE id = ANY (CAST(:ids AS bigint[]))
ORDER BY id
