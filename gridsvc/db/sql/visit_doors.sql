-- Question: which of these doors are there, and may this person visit them? They are locked, after the counts are held.
-- Parameters: :ids (bigint[]), :since (instant: a grid that was the reader's own after it will do as well),
--   :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which grids this reader sees
-- Columns: id, lon, lat (EPSG:4326 degrees), seen; by id
-- Index: household_pkey, grid_version_geom_idx
WITH held AS MATERIALIZED (
  SELECT pg_advisory_xact_lock_shared(hashtext('gridsvc.visited'), hashtext(current_schema()))
),
mine AS MATERIALIZED (
  SELECT s.id FROM seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint)) AS s (id)
)
SELECT h.id, ST_X(h.geom) AS lon, ST_Y(h.geom) AS lat,
  :all_areas OR h.grid_version_id IN (SELECT id FROM mine) OR EXISTS (
    SELECT FROM grid_version g
    WHERE ST_DWithin(g.geom, h.geom, 3e-13) AND g.valid_to > CAST(:since AS timestamptz) AND g.id IN (SELECT id FROM mine)
  ) AS seen
FROM held CROSS JOIN household h
WHERE h.id = ANY (CAST(:ids AS bigint[]))
ORDER BY h.id
FOR NO KEY UPDATE OF h
