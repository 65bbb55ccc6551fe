-- Question: which published grids of a reader have these words in code or name?
-- Parameters: :words, :n (rows),
--   :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which grids this reader sees
-- Columns: code, name, layer, area_name; the exact code first, then by code
-- Index: grid_version_current_key
SELECT g.code, g.name, g.layer, a.name AS area_name
FROM grid_version g
LEFT JOIN area a ON a.id = g.area_id
WHERE g.valid_from IS NOT NULL AND g.valid_to IS NULL
  AND (position(lower(:words) IN lower(g.code)) > 0 OR position(lower(:words) IN lower(g.name)) > 0)
  AND (:all_areas OR g.id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint))))
ORDER BY lower(g.code) <> lower(:words), lower(g.name) <> lower(:words), g.code, g.layer
LIMIT :n
