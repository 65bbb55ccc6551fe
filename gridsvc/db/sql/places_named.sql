-- Question: which areas and published grids have this code or name?
-- Parameters: :words (a code, a name, or "name code"), :last (the last word of it), :kind (area|grid, or null)
-- Columns: kind (area|grid), code, name, area_id, area_name, rank (0 the code, 1 the last word is the code, 2 the name);
--   grids are looked at before areas of the same code, dedicated ones before base ones
-- Index: area_code_key, grid_version_code_idx
SELECT found.kind, found.code, found.name, found.area_id, found.area_name,
  CASE WHEN found.code = CAST(:words AS text) THEN 0 WHEN found.code = CAST(:last AS text) THEN 1 ELSE 2 END AS rank
FROM (
  SELECT 'grid' AS kind, g.code, g.name, g.area_id, a.name AS area_name, g.layer = 'base' AS later
  FROM grid_version g LEFT JOIN area a ON a.id = g.area_id
  WHERE g.valid_from IS NOT NULL AND g.valid_to IS NULL
    AND (g.code IN (CAST(:words AS text), CAST(:last AS text)) OR g.name = CAST(:words AS text))
  UNION ALL
  SELECT 'area', a.code, a.name, a.id, a.name, true
  FROM area a
  WHERE a.code IN (CAST(:words AS text), CAST(:last AS text)) OR a.name = CAST(:words AS text)
) found
WHERE CAST(:kind AS text) IS NULL OR found.kind = CAST(:kind AS text)
ORDER BY rank, found.kind DESC, found.later, found.code
