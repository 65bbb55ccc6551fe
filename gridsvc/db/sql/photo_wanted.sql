-- Question: which pictures must there be files of: those shown now, and those before a redaction that are still kept?
-- Parameters: :only (bytea[] of these, or null: all)
-- Columns: digest (SHA-256 of the picture)
-- Index: photo_file_sha256_idx, photo_redaction_before_sha256_idx for a few
SELECT p.file_sha256 AS digest FROM photo p
WHERE CAST(:only AS bytea[]) IS NULL OR p.file_sha256 = ANY (CAST(:only AS bytea[]))
UNION
SELECT r.before_sha256 FROM photo_redaction r
WHERE r.removed_at IS NULL AND (CAST(:only AS bytea[]) IS NULL OR r.before_sha256 = ANY (CAST(:only AS bytea[])))
