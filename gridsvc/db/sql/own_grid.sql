-- Question: is this published grid one that the reader sees?
-- Parameters: :version_id,
--   :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which grids this reader sees
-- Columns: one row with true, or none
-- Index: grid_version_pkey
WITH RECURSIVE seen_area AS (
  SELECT id FROM area WHERE id = ANY (CAST(:area_ids AS bigint[]))
  UNION
  SELECT a.id FROM area a JOIN seen_area s ON a.parent_id = s.id
)
SELECT true
FROM grid_version g
WHERE g.id = :version_id
  AND (:all_areas OR g.area_id IN (SELECT id FROM seen_area) OR EXISTS (
    SELECT FROM duty u WHERE u.worker_id = CAST(:worker_id AS bigint) AND u.grid_code = g.code AND u.layer = g.layer))
