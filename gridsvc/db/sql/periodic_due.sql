-- Question: which reports want something done that no person has to decide: resume, ask no longer,
--   strike off, escalate?
-- Parameters: :now (instant), :unrated_before (instant: closed before it and not rated by the resident who has a
--   link), :top_levels (text[]: the highest level that exists and those above it), :again_before (instant:
--   who went up after it is not yet due again), :asked_before (instant: who was asked before it is waited for no longer),
--   :after (report id), :n (rows at most)
-- Columns: id, action (resume|stop_asking|strike_off|escalate), by id; locked, those that somebody else works on left out
-- Index: report_open_until_idx, report_closed_idx, reporter_pkey
SELECT r.id, d.action
FROM report r
CROSS JOIN LATERAL (SELECT CASE
  WHEN r.open AND r.suspended_until <= CAST(:now AS timestamptz) THEN 'resume'
  WHEN r.open AND r.waiting_at <= CAST(:asked_before AS timestamptz) THEN 'stop_asking'
  WHEN r.state = 'closed' THEN 'strike_off'
  ELSE 'escalate' END AS action) d
WHERE r.id IN (
    SELECT o.id FROM report o
    WHERE o.open AND o.until_at < CAST(:now AS timestamptz)  -- of these states never later than due_at
      AND o.due_at < CAST(:now AS timestamptz) AND o.state IN ('filed', 'dispatched')
      AND o.suspended_at IS NULL AND o.waiting_at IS NULL AND coalesce(o.level, 'grid') <> ALL (CAST(:top_levels AS text[]))
      AND (o.escalated_at IS NULL OR o.escalated_at < o.due_at OR o.escalated_at < CAST(:again_before AS timestamptz))
    UNION
    SELECT o.id FROM report o WHERE o.open AND o.suspended_until <= CAST(:now AS timestamptz)
    UNION
    SELECT o.id FROM report o WHERE o.open AND o.waiting_at <= CAST(:asked_before AS timestamptz)
    UNION
    SELECT c.id FROM report c
    WHERE c.state = 'closed' AND (
      (c.rated_at IS NULL AND c.closed_at < CAST(:unrated_before AS timestamptz)
        AND EXISTS (SELECT FROM reporter p WHERE p.report_id = c.id AND p.linked)) OR c.satisfied <> 'not')
      AND c.source = 'gridsvc'
  )
  AND r.id > :after
ORDER BY r.id
LIMIT :n
FOR UPDATE OF r SKIP LOCKED
