-- Question: which rows of the log are not what was written, or are missing?
-- Parameters: none
-- Columns: report_id, number, seq (null: of the whole log), what (changed: the row, the one before it or its place in the
--   chain; gap: rows before it are missing; note: its words are others, or have no digest; note_gone: its words are gone and no deletion
--   was recorded; unsealed: it has no digest; log_missing); by report and seq
-- Index: report_log_pkey
WITH chained AS (
  SELECT l.*, lag(l.digest) OVER own AS before, lag(l.seq) OVER own AS seq_before, d.seq IS NOT NULL AS deleted
  FROM report_log l
  LEFT JOIN (SELECT DISTINCT report_id, seq FROM deletion_record WHERE what = 'note') d USING (report_id, seq)
  WINDOW own AS (PARTITION BY l.report_id ORDER BY l.seq)
)
SELECT f.report_id, r.number, f.seq, f.what
FROM (
  SELECT c.report_id, c.seq, w.what
  FROM chained c
  CROSS JOIN LATERAL (VALUES
    ('gap', c.seq <> coalesce(c.seq_before, 0) + 1),
    ('unsealed', c.digest IS NULL),
    ('changed', c.digest <> log_digest(c.before, c.report_id, c.seq, c.action, c.from_state, c.to_state, c.actor_id, c.at,
      c.note_digest, c.facts)),
    ('note', CASE WHEN c.note IS NULL THEN c.note_salt IS NOT NULL
      ELSE c.note_digest IS NULL OR c.note_digest IS DISTINCT FROM sha256(c.note_salt || convert_to(c.note, 'UTF8')) END),
    ('note_gone', c.note IS NULL AND c.note_digest IS NOT NULL AND NOT c.deleted)
  ) w (what, wrong)
  WHERE w.wrong
  UNION ALL
  SELECT r.id, NULL, 'log_missing' FROM report r WHERE NOT EXISTS (SELECT FROM report_log l WHERE l.report_id = r.id)
) f
JOIN report r ON r.id = f.report_id
ORDER BY f.report_id, f.seq, f.what
