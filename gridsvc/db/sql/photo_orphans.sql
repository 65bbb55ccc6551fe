-- Question: which photos came before an instant and are shown by no report? They are locked against being listed.
-- Parameters: :before (instant)
-- Columns: sha256
-- Index: photo_received_at_idx, report_photo_sha256_idx
SELECT p.sha256
FROM photo p
WHERE p.received_at < :before AND NOT EXISTS (SELECT FROM report_photo x WHERE x.sha256 = p.sha256)
FOR UPDATE SKIP LOCKED
