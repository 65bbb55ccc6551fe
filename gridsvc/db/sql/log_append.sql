-- Question: none; appends one row to a report's log, chained to the row before it
-- Parameters: :report_id, :seq (one more than the last), :action, :from_state, :to_state, :actor_id, :at (instant), :note,
--   :note_salt (16 bytes, or null), :facts (JSON text or null)
-- Columns: seq
-- Index: report_log_pkey
INSERT INTO report_log (report_id, seq, action, from_state, to_state, actor_id, at, note, facts, note_salt, note_digest,
  digest)
SELECT n.report_id, n.seq, n.action, n.from_state, n.to_state, n.actor_id, n.at, n.note, n.facts, n.note_salt,
  n.note_digest, log_digest((SELECT b.digest FROM report_log b WHERE b.report_id = n.report_id AND b.seq = n.seq - 1),
    n.report_id, n.seq, n.action, n.from_state, n.to_state, n.actor_id, n.at, n.note_digest, n.facts)
FROM (
  SELECT CAST(:report_id AS bigint) AS report_id, CAST(:seq AS integer) AS seq, CAST(:action AS text) AS action,
    CAST(:from_state AS text) AS from_state, CAST(:to_state AS text) AS to_state, CAST(:actor_id AS bigint) AS actor_id,
    CAST(:at AS timestamptz) AS at, CAST(:note AS text) AS note, CAST(:facts AS jsonb) AS facts,
    CAST(:note_salt AS bytea) AS note_salt,
    sha256(CAST(:note_salt AS bytea) || convert_to(CAST(:note AS text), 'UTF8')) AS note_digest
) n
RETURNING seq
