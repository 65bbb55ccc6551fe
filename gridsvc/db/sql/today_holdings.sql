-- Question: what is stored: published editions, compounds, doors, reports, workers?
-- Parameters: none
-- Columns: n_base, n_dedicated (grids), base_since, dedicated_since (instants), n_compounds, n_households, n_reports,
--   n_workers (active)
-- Index: edition_published_key, edition_grid_pkey
SELECT
  (SELECT count(*) FROM edition_grid g JOIN edition e ON e.id = g.edition_id
    WHERE e.state = 'published' AND e.layer = 'base') AS n_base,
  (SELECT count(*) FROM edition_grid g JOIN edition e ON e.id = g.edition_id
    WHERE e.state = 'published' AND e.layer = 'dedicated') AS n_dedicated,
  (SELECT published_at FROM edition WHERE state = 'published' AND layer = 'base') AS base_since,
  (SELECT published_at FROM edition WHERE state = 'published' AND layer = 'dedicated') AS dedicated_since,
  (SELECT count(*) FROM compound) AS n_compounds,
  (SELECT count(*) FROM household) AS n_households,
  (SELECT count(*) FROM report) AS n_reports,
  (SELECT count(*) FROM worker WHERE active) AS n_workers
