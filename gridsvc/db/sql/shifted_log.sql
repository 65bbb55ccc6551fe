-- Question: none; writes the log row of each shifted report
-- Parameters: :now (instant)
-- Columns: none
-- Index: none
INSERT INTO report_log (report_id, seq, action, from_state, to_state, at, facts, digest)
SELECT id, seq, 'replace', state, state, :now, facts, digest FROM shifted
