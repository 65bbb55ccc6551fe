-- Question: which of these doors lie in a grid that was this reader's own until lately?
-- Parameters: :ids (bigint[]), :since (instant: the grid was in force after it), :area_ids (bigint[]),
--   :worker_id (bigint or null): which grids this reader sees
-- Columns: id
-- Index: household_pkey, grid_version_geom_idx
SELECT h.id
FROM household h
WHERE h.id = ANY (CAST(:ids AS bigint[])) AND EXISTS (
  SELECT FROM grid_version g
  WHERE ST_DWithin(g.geom, h.geom, 3e-13) AND g.valid_to > CAST(:since AS timestamptz)
    AND g.id IN (SELECT s.id FROM seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint)) AS s (id)))
