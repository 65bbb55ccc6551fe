-- Question: none; ends the duties of these workers that a new list of theirs does not name
-- Parameters: :worker_codes (text[]), :keys (text[], worker|layer|grid|kind)
-- Columns: none
-- Index: worker_code_key
DELETE FROM duty d USING worker w
WHERE w.id = d.worker_id AND w.code = ANY (CAST(:worker_codes AS text[]))
  AND concat_ws('|', w.code, d.layer, d.grid_code, d.kind) <> ALL (CAST(:keys AS text[]))
