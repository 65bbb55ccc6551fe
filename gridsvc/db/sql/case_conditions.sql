-- Question: which filing conditions can a report be filed under: the current ones of its category, or one it has already?
-- Parameters: :code (category), :kept_id (condition, of whatever version; null: the current ones)
-- Columns: id, text, milestones (the limits, the last one being the deadline); in the sheet's order
-- Index: category_condition_code_sheet_id_seq_key
SELECT c.id, c.text, c.milestones
FROM category_condition c
JOIN category_sheet s ON s.id = c.sheet_id
WHERE c.code = :code AND CASE WHEN CAST(:kept_id AS bigint) IS NULL THEN s.current ELSE c.id = CAST(:kept_id AS bigint) END
ORDER BY c.seq
