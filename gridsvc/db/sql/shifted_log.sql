-- Question: none; writes the log row of each shifted report
-- Parameters: :now (instant)
-- Columns: none
-- Index: grid_version_pkey
INSERT INTO report_log (report_id, seq, action, from_state, to_state, at, facts, digest)
SELECT s.id, s.seq, 'replace', s.state, s.state, :now, s.facts, log_digest(s.before, s.id, s.seq, 'replace', s.state,
  s.state, CAST(NULL AS bigint), CAST(:now AS timestamptz), CAST(NULL AS bytea), s.facts)
FROM (
  SELECT s.*, jsonb_build_object('from', f.code, 'to', g.code, 'method', s.method) AS facts
  FROM shifted s
  LEFT JOIN grid_version f ON f.id = s.from_grid
  LEFT JOIN grid_version g ON g.id = s.grid_version_id
  OFFSET 0  -- builds the facts once a row, not once for each of their uses
) s
