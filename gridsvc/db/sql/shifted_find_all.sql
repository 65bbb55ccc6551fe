-- Question: which open reports got in placed another grid version, method or distance than they have now? shifted_find's
--   question of all reports at once, asked so that the server's parallel workers share them, while nobody else writes
-- Parameters: none
-- Columns: none; makes shifted as shifted_make does, filled
-- Index: none (reads report, placement and report_log once)
CREATE UNLOGGED TABLE shifted AS
SELECT p.report_id AS id, l.seq + 1 AS seq, r.state, p.grid_version_id AS from_id, w.grid_version_id, k.method,
  CASE WHEN NOT k.by_compound THEN w.distance_m END AS distance_m,
  CASE WHEN w.id IS NULL THEN CASE WHEN r.geom IS NULL THEN 'compound_outside' ELSE 'outside' END END AS reason,
  CASE WHEN NOT k.by_compound AND w.id IS NOT NULL THEN r.accuracy_m END AS accuracy_m, l.digest AS before
FROM placement p
JOIN report r ON r.id = p.report_id AND r.open
JOIN report_log l ON l.report_id = p.report_id
LEFT JOIN placed w ON w.id = p.report_id
CROSS JOIN LATERAL (
  SELECT b.by_compound,
    CASE WHEN w.id IS NULL THEN 'none' WHEN b.by_compound THEN 'compound' ELSE w.method END AS method
  FROM (SELECT p.method = 'compound' OR r.geom IS NULL AS by_compound) b
) k
WHERE p.to_at IS NULL AND p.method IN ('covers', 'nearest', 'compound', 'none')
  AND NOT EXISTS (SELECT FROM report_log m WHERE m.report_id = l.report_id AND m.seq > l.seq)
  AND (p.grid_version_id IS DISTINCT FROM w.grid_version_id
    OR (NOT k.by_compound AND (p.method <> k.method OR p.distance_m IS DISTINCT FROM w.distance_m)))
