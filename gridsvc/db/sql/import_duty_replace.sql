-- Question: none; ends the duties of all workers that a file does not name
-- Parameters: :worker_codes (text[]: those that it names)
-- Columns: none
-- Index: worker_code_key
DELETE FROM duty d USING worker w WHERE w.id = d.worker_id AND w.code <> ALL (CAST(:worker_codes AS text[]))
