-- Question: which line of the responsibility lists is the most specific one for a category in an area at a level?
-- Parameters: :category (code), :area_id (bigint or null: outside every area), :level
-- Columns: id, list, category, area_id, area_name, level, lead_id, lead_name, assist_ids (the active ones), source;
--   all that fit, best first
-- Index: responsibility_category_area_id_level_key, area_pkey
WITH RECURSIVE up AS (
  SELECT a.id, a.parent_id, 0 AS height FROM area a WHERE a.id = CAST(:area_id AS bigint)
  UNION ALL
  SELECT a.id, a.parent_id, u.height + 1 FROM area a JOIN up u ON a.id = u.parent_id
)
SELECT s.id, s.list, s.category, s.area_id, a.name AS area_name, s.level, s.lead_id, d.name AS lead_name,
  ARRAY(
    SELECT h.id FROM unnest(s.assist_ids) WITH ORDINALITY AS said(id, place)
    JOIN department h ON h.id = said.id AND h.active ORDER BY said.place
  ) AS assist_ids, s.source
FROM responsibility s
JOIN department d ON d.id = s.lead_id AND d.active
LEFT JOIN up u ON u.id = s.area_id
LEFT JOIN area a ON a.id = s.area_id
WHERE (s.category IS NULL OR starts_with(CAST(:category AS text), s.category))
  AND (s.area_id IS NULL OR u.id IS NOT NULL)
  AND (s.level IS NULL OR s.level = CAST(:level AS text))
ORDER BY coalesce(length(s.category), 0) DESC, u.height ASC NULLS LAST, s.level IS NULL, s.id
