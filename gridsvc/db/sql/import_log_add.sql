-- Question: none; begins the log of each new report
-- Parameters: :now (instant), :file (its name)
-- Columns: none
-- Index: none
INSERT INTO report_log (report_id, seq, action, from_state, to_state, at, facts)
SELECT id, 1, 'import', NULL, state, CAST(:now AS timestamptz), jsonb_build_object('file', CAST(:file AS text))
FROM import_row
WHERE known_id IS NULL
