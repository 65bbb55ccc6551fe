-- Question: what is stored of each case, and what does its log say of it?
-- Parameters: none
-- Columns: every column of report; told (array of [to_state, the fields that the row changed or null], in order), by id
-- Index: report_pkey, report_log_pkey
SELECT r.*, l.told
FROM report r
JOIN LATERAL (
  SELECT jsonb_agg(jsonb_build_array(l.to_state, l.facts -> 'set') ORDER BY l.seq) AS told
  FROM report_log l WHERE l.report_id = r.id
) l ON l.told IS NOT NULL
ORDER BY r.id
