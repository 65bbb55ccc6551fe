-- Question: which reports want something done that no person has to decide: resume, ask no longer,
--   strike off, escalate?
-- Parameters: :now (instant), :unrated_before (instant: closed before it and not rated by the resident who has a
--   link), :ladder (text[]: the levels, the grid first), :again_before (instant: who went up after it is not yet due
--   again), :asked_before (instant: who was asked before it is waited for no longer),
--   :after (report id), :n (rows at most)
-- Columns: id, action (resume|stop_asking|strike_off|escalate), by id; locked, those that somebody else works on left out
-- Index: report_open_until_idx, report_closed_idx, reporter_pkey
-- A report goes up while there is a level above it in its own chain: the area of its grid and those above that; where it
--   has none, in the whole place. Most are told by the place's highest level alone, which their index has.
WITH RECURSIVE chain AS (
  SELECT a.id, array_position(CAST(:ladder AS text[]), a.level) AS top FROM area a WHERE a.parent_id IS NULL
  UNION ALL
  SELECT a.id, greatest(c.top, array_position(CAST(:ladder AS text[]), a.level)) FROM area a JOIN chain c ON a.parent_id = c.id
)
SELECT r.id, d.action
FROM report r
CROSS JOIN LATERAL (SELECT CASE
  WHEN r.open AND r.suspended_until <= CAST(:now AS timestamptz) THEN 'resume'
  WHEN r.open AND r.waiting_at <= CAST(:asked_before AS timestamptz) THEN 'stop_asking'
  WHEN r.state = 'closed' THEN 'strike_off'
  ELSE 'escalate' END AS action) d
WHERE r.id IN (
    SELECT o.id FROM report o
    LEFT JOIN placement p ON p.report_id = o.id AND p.to_at IS NULL AND p.ended IS NULL
    LEFT JOIN grid_version g ON g.id = p.grid_version_id
    LEFT JOIN chain c ON c.id = g.area_id
    WHERE o.open AND o.until_at < CAST(:now AS timestamptz)  -- of these states never later than due_at
      AND o.due_at < CAST(:now AS timestamptz) AND o.state IN ('filed', 'dispatched')
      AND o.suspended_at IS NULL AND o.waiting_at IS NULL
      AND (o.escalated_at IS NULL OR o.escalated_at < o.due_at OR o.escalated_at < CAST(:again_before AS timestamptz))
      AND array_position(CAST(:ladder AS text[]), coalesce(o.level, 'grid')) < (SELECT max(t.top) FROM chain t)
      AND (c.id IS NULL OR array_position(CAST(:ladder AS text[]), coalesce(o.level, 'grid')) < c.top)
      AND o.id > :after
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
