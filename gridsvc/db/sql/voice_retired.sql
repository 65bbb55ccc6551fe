-- Question: which voice notes do only such reports show as ended before an instant? A merged report ends with its parent.
-- Parameters: :before (instant), :ended (text[]: states in which a report has ended)
-- Columns: sha256
-- Index: report_voice_sha256_idx, report_pkey, report_log_pkey
SELECT v.sha256
FROM voice v
WHERE EXISTS (SELECT FROM report_voice x WHERE x.sha256 = v.sha256)
  AND NOT EXISTS (
    SELECT FROM report_voice x
    JOIN report r ON r.id = x.report_id
    LEFT JOIN report m ON m.id = r.parent_id
    WHERE x.sha256 = v.sha256
      AND NOT (coalesce(m.state, r.state) = ANY (CAST(:ended AS text[]))
        AND (SELECT max(l.at) FROM report_log l WHERE l.report_id = coalesce(m.id, r.id)) < :before))
FOR UPDATE SKIP LOCKED
