-- Question: none; writes the log row of each shifted report
-- Parameters: :now (instant at which shifted_way was made)
-- Columns: none
-- Index: none
INSERT INTO report_log (report_id, seq, action, from_state, to_state, at, facts, digest)
SELECT s.id, s.seq, 'replace', s.state, s.state, :now, w.facts, log_seal(s.before, s.id, s.seq, w.said)
FROM shifted s
JOIN shifted_way w ON w.from_id = coalesce(s.from_id, 0) AND w.to_id = coalesce(s.grid_version_id, 0)
  AND w.method = s.method AND w.state = s.state
