-- Question: which photos of a report may the person see who sent it: those that came with it, and those of the work?
-- Parameters: :report_id, :own, :after (bools: which of the two)
-- Columns: kind (own|after), at (of the log row that lists it), file_sha256 (of the picture as it is shown now), in order
-- Index: report_photo_pkey, photo_pkey, report_log_pkey
SELECT CASE WHEN x.seq = 1 THEN 'own' ELSE 'after' END AS kind, l.at, p.file_sha256
FROM report_photo x
JOIN photo p ON p.sha256 = x.sha256
JOIN report_log l ON l.report_id = x.report_id AND l.seq = x.seq
WHERE x.report_id = :report_id
  AND ((:own AND x.seq = 1) OR (:after AND x.seq > 1 AND x.kind = 'after' AND l.action IN ('dispose', 'solve_on_spot')))
ORDER BY x.seq, x.place
LIMIT 12
