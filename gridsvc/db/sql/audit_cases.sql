-- Question: what is stored of each case, and what does its log say of it?
-- Parameters: none
-- Columns: every column of report; told (array of [to_state, the fields that the row changed or null], in order),
--   renamed (the category that the last recategorize gave; null: there was none, or an import gave another since); by id
-- Index: report_pkey, report_log_pkey
SELECT r.*, l.told, CASE WHEN l.renamed_seq > coalesce(l.imported_seq, 0) THEN l.renamed END AS renamed
FROM report r
JOIN LATERAL (
  SELECT jsonb_agg(jsonb_build_array(l.to_state, l.facts -> 'set') ORDER BY l.seq) AS told,
    (array_agg(l.facts -> 'category' ->> 'to' ORDER BY l.seq DESC) FILTER (WHERE l.action = 'recategorize'))[1] AS renamed,
    max(l.seq) FILTER (WHERE l.action = 'recategorize') AS renamed_seq,
    max(l.seq) FILTER (WHERE l.action = 'import') AS imported_seq
  FROM report_log l WHERE l.report_id = r.id
) l ON l.told IS NOT NULL
ORDER BY r.id
