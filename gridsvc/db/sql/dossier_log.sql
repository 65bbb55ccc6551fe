-- Question: what happened to one report, in order?
-- Parameters: :report_id
-- Columns: seq, action, from_state, to_state, at, note, facts, actor_id, actor_name, actor_role (the one acted
--   in; null of rows from before it was kept, whatever the account's is today)
-- Index: report_log_pkey
SELECT l.seq, l.action, l.from_state, l.to_state, l.at, l.note, l.facts, l.actor_id, a.name AS actor_name,
  l.facts ->> 'role' AS actor_role
FROM report_log l
LEFT JOIN account a ON a.id = l.actor_id
WHERE l.report_id = :report_id
ORDER BY l.seq
