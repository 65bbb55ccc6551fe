-- Question: which of these doors are there, and may this person visit them? They are locked, after the counts are held.
-- Parameters: :ids (bigint[]), :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which grids this
--   reader sees
-- Columns: id, lon, lat (EPSG:4326 degrees), seen; by id
-- Index: household_pkey
WITH held AS MATERIALIZED (
  SELECT pg_advisory_xact_lock_shared(hashtext('gridsvc.visited'), hashtext(current_schema()))
)
SELECT h.id, ST_X(h.geom) AS lon, ST_Y(h.geom) AS lat,
  :all_areas OR h.grid_version_id IN (
    SELECT s.id FROM seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint)) AS s (id)) AS seen
FROM held CROSS JOIN household h
WHERE h.id = ANY (CAST(:ids AS bigint[]))
ORDER BY h.id
FOR NO KEY UPDATE OF h
