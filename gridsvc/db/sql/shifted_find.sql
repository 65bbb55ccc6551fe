-- Question: which reports of to_place got in placed another grid version, method or distance than they have now?
-- Parameters: none
-- Columns: none; fills shifted, by id
-- Index: placement_current_key, report_pkey, report_log_pkey (all three only while to_place is short)
-- Asked after the reports are locked: what was closed or placed by hand meanwhile stays where it is.
INSERT INTO shifted (id, seq, state, from_id, grid_version_id, method, distance_m, reason, accuracy_m, before)
SELECT t.id, l.seq + 1, r.state, p.grid_version_id, w.grid_version_id, k.method,
  CASE WHEN NOT k.by_compound THEN w.distance_m END,
  CASE WHEN w.id IS NULL THEN CASE WHEN r.geom IS NULL THEN 'compound_outside' ELSE 'outside' END END,
  CASE WHEN NOT k.by_compound AND w.id IS NOT NULL THEN r.accuracy_m END, l.digest
FROM to_place t
JOIN placement p ON p.report_id = t.id AND p.to_at IS NULL AND p.method IN ('covers', 'nearest', 'compound', 'none')
JOIN report r ON r.id = t.id AND r.open
JOIN (
  SELECT DISTINCT ON (report_id) report_id, seq, digest
  FROM report_log WHERE report_id IN (SELECT id FROM to_place) ORDER BY report_id, seq DESC
) l ON l.report_id = t.id
LEFT JOIN placed w ON w.id = t.id
CROSS JOIN LATERAL (
  SELECT b.by_compound,
    CASE WHEN w.id IS NULL THEN 'none' WHEN b.by_compound THEN 'compound' ELSE w.method END AS method
  FROM (SELECT p.method = 'compound' OR r.geom IS NULL AS by_compound) b
) k
WHERE p.grid_version_id IS DISTINCT FROM w.grid_version_id
  OR (NOT k.by_compound AND (p.method <> k.method OR p.distance_m IS DISTINCT FROM w.distance_m))
ORDER BY t.id
