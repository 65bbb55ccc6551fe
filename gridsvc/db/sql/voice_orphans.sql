-- Question: which voice notes came before an instant and are shown by no report? They are locked against being listed.
-- Parameters: :before (instant)
-- Columns: sha256
-- Index: voice_received_at_idx, report_voice_sha256_idx
SELECT v.sha256
FROM voice v
WHERE v.received_at < :before AND NOT EXISTS (SELECT FROM report_voice x WHERE x.sha256 = v.sha256)
FOR UPDATE SKIP LOCKED
