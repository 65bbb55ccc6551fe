-- Question: which of these doors are there, and may this person visit them? They are locked, after the counts are held.
-- Parameters: :ids (bigint[]), :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which grids this
--   reader sees
-- Columns: asked_id; id (another where that entry was the same door as this one), lon, lat (EPSG:4326 degrees), seen; by id
-- Index: household_pkey
-- An entry that went lets those visit the door who could visit it there: what their phone still sends for it is not lost.
-- Which grids are seen is asked as a table, so that it is planned with the rest and once, not anew at each call.
-- An entry that went while this waited for the counts is missing: who asks again finds the one that stays.
WITH held AS MATERIALIZED (
  SELECT pg_advisory_xact_lock_shared(hashtext('gridsvc.visited'), hashtext(current_schema()))
),
asked AS MATERIALIZED (
  SELECT a.id AS asked_id, coalesce(a.same_as_id, a.id) AS id,
    CASE WHEN a.same_as_id IS NOT NULL THEN a.grid_version_id END AS there_id
  FROM held CROSS JOIN household a
  WHERE a.id = ANY (CAST(:ids AS bigint[]))
),
seen AS MATERIALIZED (
  SELECT s.id FROM seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint)) AS s (id) WHERE NOT :all_areas
)
SELECT a.asked_id, h.id, ST_X(h.geom) AS lon, ST_Y(h.geom) AS lat,
  :all_areas OR coalesce(h.grid_version_id IN (SELECT s.id FROM seen s), false)
    OR coalesce(a.there_id IN (SELECT s.id FROM seen s), false) AS seen
FROM asked a JOIN household h ON h.id = a.id
WHERE h.same_as_id IS NULL
ORDER BY h.id
FOR NO KEY UPDATE OF h
