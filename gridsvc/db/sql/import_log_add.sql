-- Question: none; begins the log of each new report
-- Parameters: :now (instant), :facts (jsonb: the name of the file)
-- Columns: none
-- Index: none
INSERT INTO report_log (report_id, seq, action, from_state, to_state, at, facts)
SELECT id, 1, 'import', NULL, state, CAST(:now AS timestamptz), CAST(:facts AS jsonb)
FROM import_row
WHERE known_id IS NULL
