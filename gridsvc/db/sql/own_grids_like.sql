-- Question: which published grids of a reader have these words in code or name?
-- Parameters: :words, :n (rows),
--   :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which grids this reader sees
-- Columns: code, name, layer, area_name; the exact code first, then by code
-- Index: grid_version_current_key
WITH RECURSIVE seen_area AS (
  SELECT id FROM area WHERE id = ANY (CAST(:area_ids AS bigint[]))
  UNION
  SELECT a.id FROM area a JOIN seen_area s ON a.parent_id = s.id
)
SELECT g.code, g.name, g.layer, a.name AS area_name
FROM grid_version g
LEFT JOIN area a ON a.id = g.area_id
WHERE g.valid_from IS NOT NULL AND g.valid_to IS NULL
  AND (position(lower(:words) IN lower(g.code)) > 0 OR position(lower(:words) IN lower(g.name)) > 0)
  AND (:all_areas OR g.area_id IN (SELECT id FROM seen_area) OR EXISTS (
    SELECT FROM duty u WHERE u.worker_id = CAST(:worker_id AS bigint) AND u.grid_code = g.code AND u.layer = g.layer))
ORDER BY lower(g.code) <> lower(:words), lower(g.name) <> lower(:words), g.code, g.layer
LIMIT :n
