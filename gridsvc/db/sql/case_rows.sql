-- Question: what are the cases of these reports, or of the one with this number, and what else must be known of each
--   before it changes?
-- Parameters: :report_ids (bigint[]; null: by number), :number, :source, :held (bool: locked against other writers until
--   the transaction ends)
-- Columns: id, number, source, category, received_at, by_staff; every field of the case; seq and digest of its last log row; area_id of its
--   current grid; has_resident; levels of that area and of those above it (text[]; where there is none, of all areas of
--   the place); by id. Of a number that an import let recur, the first
-- Index: report_source_number_repeat_key, report_pkey, report_log_pkey, placement_current_key, area_pkey
SELECT c.id, c.number, c.source, c.category, c.received_at, c.by_staff, c.state, c.condition_id, c.department_id,
  c.assist_ids, c.called_ids, c.routing, c.level, c.due_at, c.due_original_at, c.due_limit, c.milestones, c.stage,
  c.stage_due_at, c.verified, c.verified_at, c.filed_at, c.dispatched_at, c.accepted_at, c.interim_at, c.disposed_at,
  c.disposed_by, c.checked_at, c.closed_at, c.struck_at, c.suspended_at, c.suspended_until, c.n_suspensions,
  c.waiting_at, c.n_asked, c.extension_asked_at, c.n_extensions, c.n_rework, c.n_returns, c.outcome, c.sampled,
  c.card, c.escalated_at, c.parent_id, c.answered_at, c.solved, c.satisfied, c.rated_at, c.seq, c.digest, c.area_id,
  c.has_resident,
  CASE WHEN c.area_id IS NULL THEN ARRAY(SELECT DISTINCT a.level FROM area a) ELSE ARRAY(
    WITH RECURSIVE up AS (
      SELECT a.id, a.parent_id, a.level FROM area a WHERE a.id = c.area_id
      UNION
      SELECT a.id, a.parent_id, a.level FROM area a JOIN up u ON a.id = u.parent_id
    )
    SELECT u.level FROM up u
  ) END AS levels
FROM stored_cases(coalesce(CAST(:report_ids AS bigint[]), ARRAY(
  SELECT n.id FROM report n WHERE n.source = CAST(:source AS text) AND n.number = CAST(:number AS text)
  ORDER BY n.repeat LIMIT 1
)), :held) c
