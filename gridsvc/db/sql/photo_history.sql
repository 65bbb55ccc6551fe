-- Question: what was blacked out in these photos, by whom and why, newest first?
-- Parameters: :sha256s (bytea[], 32 bytes each)
-- Columns: sha256, version (after it), at, actor_name, reason, boxes (pixels), before_sha256, removed_at (of the file before)
-- Index: photo_redaction_pkey
SELECT r.sha256, r.version, r.at, a.name AS actor_name, r.reason, r.boxes, r.before_sha256, r.removed_at
FROM photo_redaction r
JOIN account a ON a.id = r.actor_id
WHERE r.sha256 = ANY (CAST(:sha256s AS bytea[]))
ORDER BY r.version DESC
