-- Question: which grid covers each point of to_place? place_covered's question and rule, asked so that workers share the grids
-- Parameters: none
-- Columns: none; makes placed (id, grid_version_id, method, distance_m)
-- Index: to_place_geom_idx (driven from the polygons: each grid fetches the points in its box)
CREATE UNLOGGED TABLE placed AS
SELECT DISTINCT ON (t.id) t.id, g.id AS grid_version_id, CAST('covers' AS text) AS method, CAST(0 AS float8) AS distance_m
FROM grid_version g
-- the coalesce keeps the planner from turning the join round and looking up the grids of each point
JOIN to_place t ON ST_DWithin(t.geom, coalesce(g.geom, g.geom), 3e-13)
WHERE g.valid_from <= t.at AND (g.valid_to IS NULL OR g.valid_to > t.at)
ORDER BY t.id, g.layer = 'base', g.code
