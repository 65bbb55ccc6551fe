-- Question: none; writes the log row of each shifted report
-- Parameters: :now (instant)
-- Columns: none
-- Index: grid_version_pkey
INSERT INTO report_log (report_id, seq, action, from_state, to_state, at, facts)
SELECT s.id, s.seq, 'replace', s.state, s.state, :now,
  jsonb_build_object('from', f.code, 'to', g.code, 'method', s.method)
FROM shifted s
LEFT JOIN grid_version f ON f.id = s.from_grid
LEFT JOIN grid_version g ON g.id = s.grid_version_id
