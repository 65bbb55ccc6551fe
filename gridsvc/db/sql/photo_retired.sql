-- Question: which photos do only such reports show as ended before an instant? A merged report ends with its parent.
-- Parameters: :before (instant), :ended (text[]: states in which a report has ended)
-- Columns: sha256
-- Index: report_photo_sha256_idx, report_pkey, report_log_pkey
SELECT p.sha256
FROM photo p
WHERE EXISTS (SELECT FROM report_photo x WHERE x.sha256 = p.sha256)
  AND NOT EXISTS (
    SELECT FROM report_photo x
    JOIN report r ON r.id = x.report_id
    LEFT JOIN report m ON m.id = r.parent_id
    WHERE x.sha256 = p.sha256
      AND NOT (coalesce(m.state, r.state) = ANY (CAST(:ended AS text[]))
        AND (SELECT max(l.at) FROM report_log l WHERE l.report_id = coalesce(m.id, r.id)) < :before))
FOR UPDATE SKIP LOCKED
