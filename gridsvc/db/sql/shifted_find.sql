-- Question: which reports of to_place got in placed another grid version, method or distance than they have now?
-- Parameters: none
-- Columns: none; fills shifted, seq being the log row that the change will get
-- Index: placement_current_key, report_log_pkey
INSERT INTO shifted (id, seq, state, from_grid, grid_version_id, method, distance_m)
SELECT t.id, l.seq + 1, r.state, p.grid_version_id, w.grid_version_id,
  CASE WHEN w.id IS NULL THEN 'none' WHEN p.method = 'compound' OR r.geom IS NULL THEN 'compound' ELSE w.method END,
  CASE WHEN p.method <> 'compound' AND r.geom IS NOT NULL THEN w.distance_m END
FROM to_place t
JOIN placement p ON p.report_id = t.id AND p.to_at IS NULL
JOIN report r ON r.id = t.id
CROSS JOIN LATERAL (SELECT max(seq) AS seq FROM report_log WHERE report_id = t.id) l
LEFT JOIN placed w ON w.id = t.id
WHERE p.grid_version_id IS DISTINCT FROM w.grid_version_id
  OR (p.method <> 'compound' AND r.geom IS NOT NULL AND (p.method IS DISTINCT FROM coalesce(w.method, 'none')
    OR p.distance_m IS DISTINCT FROM w.distance_m))
