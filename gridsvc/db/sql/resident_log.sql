-- Question: what may the person who reported it read of a report's log, and of its parent's since it was merged? Of the
--   parent's also the answers from before; never what was said to or by those who reported that one.
-- Parameters: :report_id
-- Columns: at, action, note (only of rows meant for the resident), department, of_parent (bool), in order
-- Index: report_log_pkey
WITH own AS (
  SELECT r.id, r.parent_id,
    (SELECT max(l.at) FROM report_log l WHERE l.report_id = r.id AND l.action = 'link') AS linked_at
  FROM report r WHERE r.id = :report_id
)
SELECT l.at, l.action, CASE WHEN (l.facts -> 'public') = 'true' THEN l.note END AS note,
  CASE WHEN l.action IN ('dispatch', 'claim') THEN d.name END AS department, l.report_id <> o.id AS of_parent
FROM own o
JOIN report_log l ON l.report_id = o.id OR (l.report_id = o.parent_id
  AND (l.at >= o.linked_at OR l.facts -> 'public' = 'true')
  AND l.action NOT IN ('submit', 'link', 'unlink', 'ask_resident', 'stop_asking', 'rate'))
LEFT JOIN department d ON d.id = CAST(l.facts -> 'set' ->> 'department_id' AS bigint)
WHERE l.action IN ('submit', 'verify', 'verify_absent', 'file', 'not_file', 'link', 'unlink', 'dispatch', 'claim', 'make_safe',
  'dispose', 'solve_on_spot', 'check', 'check_failed', 'ask_resident', 'stop_asking', 'answer', 'close', 'rate',
  'strike_off', 'void', 'reopen', 'approve_extension', 'suspend', 'resume')
  -- a dispatch that was taken back never was, for the person who waits
  AND NOT (l.action = 'dispatch' AND coalesce((
    SELECT u.action FROM report_log u WHERE u.report_id = l.report_id AND u.seq > l.seq
      AND u.action IN ('undo_dispatch', 'accept', 'return', 'dispose', 'dispatch', 'claim')
    ORDER BY u.seq LIMIT 1), '') = 'undo_dispatch')
ORDER BY l.at, l.report_id, l.seq
