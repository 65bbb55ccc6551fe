-- Question: none; adds a line of the responsibility lists or changes the one for the same category, area and level
-- Parameters: :key (returned as it is), :list (basic|assist|taken_back), :category (code or the beginning of codes; null:
--   every one), :area_code (null: everywhere), :level (null: every one), :lead_code, :assist_codes (text[], in order),
--   :source
-- Columns: key, is_new; no row where nothing changed
-- Index: responsibility_category_area_id_level_key, department_code_key
INSERT INTO responsibility (list, category, area_id, level, lead_id, assist_ids, source)
SELECT :list, CAST(:category AS text), (SELECT id FROM area WHERE code = CAST(:area_code AS text)), CAST(:level AS text),
  d.id, ARRAY(
    SELECT h.id FROM unnest(CAST(:assist_codes AS text[])) WITH ORDINALITY AS said(code, place)
    JOIN department h ON h.code = said.code ORDER BY said.place
  ), :source
FROM department d WHERE d.code = :lead_code
ON CONFLICT ON CONSTRAINT responsibility_category_area_id_level_key DO UPDATE
SET list = excluded.list, lead_id = excluded.lead_id, assist_ids = excluded.assist_ids, source = excluded.source
WHERE (responsibility.list, responsibility.lead_id, responsibility.assist_ids, responsibility.source)
  IS DISTINCT FROM (excluded.list, excluded.lead_id, excluded.assist_ids, excluded.source)
RETURNING CAST(:key AS text) AS key, xmax = 0 AS is_new
