-- Question: which lines of a source does its new list not have? They go.
-- Parameters: :source, :keys (text[]: category|area code|level of the lines that stay, empty parts for every one)
-- Columns: id
-- Index: responsibility_category_area_id_level_key
DELETE FROM responsibility s
WHERE s.source = :source
  AND coalesce(s.category, '') || '|' || coalesce((SELECT a.code FROM area a WHERE a.id = s.area_id), '') || '|'
    || coalesce(s.level, '') <> ALL (CAST(:keys AS text[]))
RETURNING s.id
