-- Question: what is a report's case, and what else must be known of it before it changes?
-- Parameters: :report_id
-- Columns: the report's id, number, source, category, received_at, by_staff, description; every field of the case;
--   seq and digest of the last log row; has_resident; of its current grid area_id; needs_photo; one row
-- Index: report_pkey, report_log_pkey, placement_current_key
SELECT r.*, l.seq, l.digest, g.area_id,
  EXISTS (SELECT FROM reporter p WHERE p.report_id = r.id AND p.secret_hash IS NOT NULL) AS has_resident
FROM report r
CROSS JOIN LATERAL (
  SELECT l.seq, l.digest FROM report_log l WHERE l.report_id = r.id ORDER BY l.seq DESC LIMIT 1
) l
LEFT JOIN placement p ON p.report_id = r.id AND p.to_at IS NULL
LEFT JOIN grid_version g ON g.id = p.grid_version_id
WHERE r.id = :report_id
