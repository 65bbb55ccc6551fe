-- Question: what is a report's case, and what else must be known of it before it changes?
-- Parameters: :report_id
-- Columns: the report's id, number, source, category, received_at, by_staff; every field of the case; seq and digest of the
--   last log row; has_resident; of its current grid area_id; one row
-- Index: report_pkey, report_log_pkey, placement_current_key
SELECT r.id, r.number, r.source, r.category, r.received_at, r.by_staff,
  r.state, r.condition_id, r.department_id, r.assist_ids, r.called_ids, r.routing, r.level, r.due_at,
  r.due_original_at, r.due_limit, r.milestones, r.stage, r.stage_due_at, r.verified, r.verified_at, r.filed_at,
  r.dispatched_at, r.accepted_at, r.interim_at, r.disposed_at, r.disposed_by, r.checked_at, r.closed_at, r.struck_at,
  r.suspended_at, r.suspended_until, r.n_suspensions, r.waiting_at, r.extension_asked_at, r.n_extensions, r.n_rework,
  r.n_returns, r.outcome, r.sampled, r.card, r.escalated_at, r.parent_id, r.answered_at, r.solved, r.satisfied,
  r.rated_at,
  l.seq, l.digest, g.area_id,
  EXISTS (SELECT FROM reporter p WHERE p.report_id = r.id AND p.secret_hash IS NOT NULL) AS has_resident
FROM report r
CROSS JOIN LATERAL (
  SELECT l.seq, l.digest FROM report_log l WHERE l.report_id = r.id ORDER BY l.seq DESC LIMIT 1
) l
LEFT JOIN placement p ON p.report_id = r.id AND p.to_at IS NULL
LEFT JOIN grid_version g ON g.id = p.grid_version_id
WHERE r.id = :report_id
