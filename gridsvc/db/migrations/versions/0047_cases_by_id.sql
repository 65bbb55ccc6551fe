-- What an action needs of a report, row by row. What stands beside it is looked up for this one report each time: the plan
-- that is made once was made for ten, and while there were few reports it read all placements for each action.
CREATE VIEW stored_case AS
SELECT h.id, h.number, h.source, h.category, h.received_at, h.by_staff, h.state, h.condition_id,
  h.department_id, h.assist_ids, h.called_ids, h.routing, h.level, h.due_at, h.due_original_at, h.due_limit,
  h.milestones, h.stage, h.stage_due_at, h.verified, h.verified_at, h.filed_at, h.dispatched_at, h.accepted_at,
  h.interim_at, h.disposed_at, h.disposed_by, h.checked_at, h.closed_at, h.struck_at, h.suspended_at,
  h.suspended_until, h.n_suspensions, h.waiting_at, h.n_asked, h.extension_asked_at, h.n_extensions, h.n_rework,
  h.n_returns, h.outcome, h.sampled, h.card, h.escalated_at, h.parent_id, h.answered_at, h.solved, h.satisfied,
  h.rated_at,
  l.seq, l.digest, g.area_id, e.secret_hash IS NOT NULL AS has_resident
FROM report h
CROSS JOIN LATERAL (
  SELECT o.seq, o.digest FROM report_log o WHERE o.report_id = h.id ORDER BY o.seq DESC LIMIT 1
) l
LEFT JOIN LATERAL (SELECT p.grid_version_id FROM placement p WHERE p.report_id = h.id AND p.to_at IS NULL LIMIT 1) p ON true
LEFT JOIN LATERAL (SELECT v.area_id FROM grid_version v WHERE v.id = p.grid_version_id LIMIT 1) g ON true
LEFT JOIN LATERAL (
  SELECT s.secret_hash FROM reporter s WHERE s.report_id = h.id AND s.secret_hash IS NOT NULL LIMIT 1
) e ON true;

DROP FUNCTION stored_cases(bigint[], boolean);

-- Locked first and read by a second statement, which sees what was committed while it waited for the lock.
CREATE FUNCTION stored_cases(wanted_ids bigint[], held boolean) RETURNS SETOF stored_case
ROWS 1 LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
BEGIN IF held THEN
  PERFORM FROM report h WHERE h.id = ANY (wanted_ids) ORDER BY h.id FOR UPDATE; END IF; RETURN QUERY
  SELECT * FROM stored_case c WHERE c.id = ANY (wanted_ids) ORDER BY c.id; END
$$;
