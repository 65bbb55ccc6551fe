-- Question: none; blanks the text of ended reports, the words in their logs and who reported them, and records each
--   deletion
-- Parameters: :before (instant: the last row of the log is older), :batch (uuid), :now (instant), :rule (words)
-- Columns: n_reports, n_texts, n_notes, n_reporters; one row
-- Index: report_log_pkey, reporter_pkey, joined_report_id_secret_hash_key, released_report_id_sha256_key
WITH due AS MATERIALIZED (
  SELECT r.id, r.description <> '' OR r.words IS NOT NULL AS told
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
  UPDATE reporter p SET secret_hash = NULL, name = NULL, phone = NULL, address = NULL, for_name = NULL, for_phone = NULL
  FROM due d
  WHERE p.report_id = d.id
    AND num_nonnulls(p.secret_hash, p.name, p.phone, p.address, p.for_name, p.for_phone) > 0
  RETURNING p.report_id
),
others AS (
  UPDATE joined j SET secret_hash = NULL, phone = NULL
  FROM due d
  WHERE j.report_id = d.id AND num_nonnulls(j.secret_hash, j.phone) > 0
  RETURNING j.report_id
),
shown AS (
  DELETE FROM released x USING due d WHERE x.report_id = d.id AND x.words IS NOT NULL
),
-- its digest covers a note, which could be guessed from it
kept AS (
  DELETE FROM sync_item s USING due d WHERE s.report_id = d.id
),
texts AS (
  UPDATE report r SET description = '', words = NULL,
    -- it covers the name and phone that were left, so they could be guessed from it; that of an import tells its file's row
    -- from a changed one, so that the same file does not bring the text back
    body_hash = CASE WHEN r.source <> 'gridsvc' THEN r.body_hash END
  FROM due d
  WHERE r.id = d.id AND (d.told OR (r.source = 'gridsvc' AND r.body_hash IS NOT NULL))
),
gone AS (
  SELECT d.id AS report_id, CAST(NULL AS integer) AS seq, 'text' AS what FROM due d WHERE d.told
  UNION ALL
  SELECT n.report_id, n.seq, 'note' FROM notes n
  UNION ALL
  SELECT w.report_id, NULL, 'reporter' FROM (SELECT report_id FROM people UNION SELECT report_id FROM others) w
),
recorded AS (
  INSERT INTO deletion_record (at, batch, report_id, seq, what, rule)
  SELECT CAST(:now AS timestamptz), CAST(:batch AS uuid), g.report_id, g.seq, g.what, CAST(:rule AS text) FROM gone g
  RETURNING report_id, what
)
SELECT count(DISTINCT report_id) AS n_reports, count(*) FILTER (WHERE what = 'text') AS n_texts,
  count(*) FILTER (WHERE what = 'note') AS n_notes,
  count(*) FILTER (WHERE what = 'reporter') AS n_reporters
FROM recorded
