-- Question: what happened to a report between two rows of its log that moved it: another state, category, place or field?
-- Parameters: :report_id, :after, :before (seq of the log, neither included), :beside (text[]: actions that press or help,
--   whose fields stand against no step)
-- Columns: seq, action, to_state, at, actor_id, who (the account's name, or null), by seq
-- Index: report_log_pkey
SELECT l.seq, l.action, l.to_state, l.at, l.actor_id, a.name AS who
FROM report_log l
LEFT JOIN account a ON a.id = l.actor_id
WHERE l.report_id = CAST(:report_id AS bigint) AND l.seq > CAST(:after AS integer) AND l.seq < CAST(:before AS integer)
  AND (l.from_state IS DISTINCT FROM l.to_state OR l.action IN ('place', 'link', 'unlink')
    OR coalesce(l.facts ? 'category', false)
    OR (coalesce(l.facts ? 'set', false) AND NOT l.action = ANY (CAST(:beside AS text[]))))
ORDER BY l.seq
