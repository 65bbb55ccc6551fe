-- Question: none; begins the log of each new report
-- Parameters: :now (instant at which import_found was made)
-- Columns: none
-- Index: none
INSERT INTO report_log (report_id, seq, action, from_state, to_state, at, facts, digest)
SELECT id, 1, 'import', NULL, state, CAST(:now AS timestamptz), facts, digest FROM import_found WHERE known_id IS NULL
