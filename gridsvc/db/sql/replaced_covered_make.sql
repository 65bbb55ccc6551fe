-- Question: which grid covers each open report that names no compound, by the rule of place_covered? Asked of the reports
--   themselves, so that nothing is copied, sorted and indexed first, and by the server's parallel workers
-- Parameters: :now (instant at which they are to be placed)
-- Columns: none; makes placed (id, grid_version_id, method, distance_m); what a person has placed is in it too
-- Index: report_geom_idx (driven from the polygons: each grid fetches the reports in its box)
CREATE UNLOGGED TABLE placed AS
SELECT DISTINCT ON (r.id) r.id, g.id AS grid_version_id, CAST('covers' AS text) AS method, CAST(0 AS float8) AS distance_m
FROM grid_version g
-- the coalesce keeps the planner from turning the join round and looking up the grids of each point
JOIN report r ON ST_DWithin(r.geom, coalesce(g.geom, g.geom), 3e-13)
WHERE g.valid_from <= CAST(:now AS timestamptz) AND (g.valid_to IS NULL OR g.valid_to > CAST(:now AS timestamptz))
  AND r.open AND r.compound_id IS NULL
ORDER BY r.id, g.layer = 'base', g.code
