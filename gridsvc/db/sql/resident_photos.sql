-- Question: which photos of a report may a resident see: those that came with it, where no other report showed them before
--   (who knows the hash of another's photo has not taken it), and those of the work?
-- Parameters: :report_id, :own, :after (bools: which of the two), :whole (bool: the sender; others see what was released)
-- Columns: kind (own|after), at (of the log row that lists it), file_sha256 (of the picture as it is shown now), in order
-- Index: report_photo_pkey, photo_pkey, report_log_pkey, report_photo_sha256_idx, released_report_id_sha256_key
SELECT CASE WHEN x.seq = 1 THEN 'own' ELSE 'after' END AS kind, l.at, p.file_sha256
FROM report_photo x
JOIN photo p ON p.sha256 = x.sha256
JOIN report_log l ON l.report_id = x.report_id AND l.seq = x.seq
WHERE x.report_id = :report_id
  AND ((:own AND x.seq = 1 AND NOT EXISTS (
      SELECT FROM report_photo y
      JOIN report_log m ON m.report_id = y.report_id AND m.seq = y.seq
      WHERE y.sha256 = x.sha256 AND y.report_id <> x.report_id AND (m.at, m.report_id) < (l.at, l.report_id)))
    OR (:after AND x.seq > 1 AND x.kind = 'after' AND l.action IN ('dispose', 'solve_on_spot')
      AND (:whole OR EXISTS (
        SELECT FROM released d WHERE d.report_id = x.report_id AND d.sha256 = x.sha256 AND d.shown))))
ORDER BY x.seq, x.place
LIMIT 12
