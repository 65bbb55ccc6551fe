-- Question: which grid covers each point of to_place? place_covered's question and rule, asked so that workers share the points,
--   without an index that would have to be built first: a point meets the grids whose boxes reach its square
-- Parameters: :size_deg (side of a square, degrees, as import_cell_make had it)
-- Columns: none; makes placed (id, grid_version_id, method, distance_m)
-- Index: none (reads to_place once; import_cell and grid_version are looked up by hash tables)
CREATE UNLOGGED TABLE placed AS
SELECT DISTINCT ON (t.id) t.id, g.id AS grid_version_id, CAST('covers' AS text) AS method, CAST(0 AS float8) AS distance_m
FROM to_place t
JOIN import_cell c
  ON c.cell = CAST(floor(t.lon / :size_deg) AS bigint) * 1000003 + CAST(floor(t.lat / :size_deg) AS bigint)
  AND t.lon BETWEEN c.west AND c.east AND t.lat BETWEEN c.south AND c.north
  AND c.valid_from <= t.at AND (c.valid_to IS NULL OR c.valid_to > t.at)
JOIN grid_version g ON g.id = c.id AND ST_DWithin(t.geom, g.geom, 3e-13)
ORDER BY t.id, g.layer = 'base', g.code
