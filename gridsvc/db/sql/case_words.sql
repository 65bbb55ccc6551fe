-- Question: whose word was last, on each report, in what somebody else is to decide on?
-- Parameters: :report_ids (bigint[]), :actions (text[]: ask_extension, whistle_arrive)
-- Columns: report_id, action, actor_id; the last row for each department that one names, or of all that name none
-- Index: report_log_pkey
SELECT DISTINCT ON (l.report_id, l.action, l.facts -> 'department') l.report_id, l.action, l.actor_id
FROM report_log l
WHERE l.report_id = ANY (CAST(:report_ids AS bigint[])) AND l.action = ANY (CAST(:actions AS text[]))
ORDER BY l.report_id, l.action, l.facts -> 'department', l.seq DESC
