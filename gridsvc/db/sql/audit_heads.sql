-- Question: what is the last row of every log?
-- Parameters: none
-- Columns: report_id, seq, digest, source, number, repeat; by report
-- Index: report_log_pkey
SELECT r.id AS report_id, l.seq, l.digest, r.source, r.number, r.repeat
FROM report r
CROSS JOIN LATERAL (SELECT o.seq, o.digest FROM report_log o WHERE o.report_id = r.id ORDER BY o.seq DESC LIMIT 1) l
ORDER BY r.id
