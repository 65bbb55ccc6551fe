-- Question: none; blanks the words in the logs of ended reports, and who reported them, and records each deletion
-- Parameters: :before (instant: the last row of the log is older), :batch (uuid), :now (instant), :rule (words)
-- Columns: n_reports, n_notes, n_reporters; one row
-- Index: report_log_pkey, reporter_pkey
WITH due AS MATERIALIZED (
  SELECT r.id
  FROM report r
  LEFT JOIN report p ON p.id = r.parent_id
  WHERE r.state IN ('struck_off', 'void', 'not_filed', 'merged')
    AND coalesce(p.state, 'void') IN ('struck_off', 'void', 'not_filed')
    AND NOT EXISTS (
      SELECT FROM report_log l WHERE l.report_id IN (r.id, r.parent_id) AND l.at >= CAST(:before AS timestamptz))
  FOR UPDATE OF r SKIP LOCKED
),
notes AS (
  UPDATE report_log l SET note = NULL, note_salt = NULL
  FROM due d
  WHERE l.report_id = d.id AND l.note IS NOT NULL
  RETURNING l.report_id, l.seq
),
people AS (
  UPDATE reporter p SET secret_hash = NULL, name = NULL, phone = NULL, address = NULL
  FROM due d
  WHERE p.report_id = d.id
    AND (p.secret_hash IS NOT NULL OR p.name IS NOT NULL OR p.phone IS NOT NULL OR p.address IS NOT NULL)
  RETURNING p.report_id
),
unlinked AS (
  UPDATE report r SET body_hash = NULL  -- it covers the name and phone that were left, so they could be guessed from it
  FROM people p
  WHERE r.id = p.report_id
),
gone AS (
  SELECT n.report_id, n.seq, 'note' AS what FROM notes n
  UNION ALL
  SELECT p.report_id, NULL, 'reporter' FROM people p
),
recorded AS (
  INSERT INTO deletion_record (at, batch, report_id, seq, what, rule)
  SELECT CAST(:now AS timestamptz), CAST(:batch AS uuid), g.report_id, g.seq, g.what, CAST(:rule AS text) FROM gone g
  RETURNING report_id, what
)
SELECT count(DISTINCT report_id) AS n_reports, count(*) FILTER (WHERE what = 'note') AS n_notes,
  count(*) FILTER (WHERE what = 'reporter') AS n_reporters
FROM recorded
