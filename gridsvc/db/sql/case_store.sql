-- Question: none; stores what an action changed in a case, and appends the log row that tells it
-- Parameters: :changes (JSON text: the changed fields, as the log keeps them in "set"), :category (code, or null: as it
--   was); of the log row :report_id, :seq (one more than the last), :action, :from_state, :to_state, :actor_id, :at
--   (instant), :note, :note_salt (16 bytes, or null), :facts (JSON text or null)
-- Columns: seq of the log row
-- Index: report_pkey, report_log_pkey
WITH logged AS (
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
  RETURNING report_id, seq
)
UPDATE report r SET state = :to_state, updated_at = :at, category = coalesce(CAST(:category AS text), r.category), (
    condition_id, department_id, assist_ids, called_ids, routing, level, due_at, due_original_at, due_limit,
    milestones, stage, stage_due_at, verified, verified_at, filed_at, dispatched_at, accepted_at, interim_at,
    disposed_at, disposed_by, checked_at, closed_at, struck_at, suspended_at, suspended_until, n_suspensions,
    waiting_at, n_asked, extension_asked_at, n_extensions, n_rework, n_returns, outcome, sampled, card, escalated_at, parent_id,
    answered_at, solved, satisfied, rated_at
  ) = (SELECT c.condition_id, c.department_id, c.assist_ids, c.called_ids, c.routing, c.level, c.due_at, c.due_original_at,
    c.due_limit, c.milestones, c.stage, c.stage_due_at, c.verified, c.verified_at, c.filed_at, c.dispatched_at,
    c.accepted_at, c.interim_at, c.disposed_at, c.disposed_by, c.checked_at, c.closed_at, c.struck_at, c.suspended_at,
    c.suspended_until, c.n_suspensions, c.waiting_at, c.n_asked, c.extension_asked_at, c.n_extensions, c.n_rework, c.n_returns,
    c.outcome, c.sampled, c.card, c.escalated_at, c.parent_id, c.answered_at, c.solved, c.satisfied, c.rated_at
    FROM jsonb_populate_record(r, CAST(:changes AS jsonb)) c)
FROM logged l
WHERE r.id = l.report_id
RETURNING l.seq
