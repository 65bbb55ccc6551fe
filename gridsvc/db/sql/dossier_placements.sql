-- Question: where did one report belong, one after the other?
-- Parameters: :report_id
-- Columns: seq, from_at, to_at, code, name, layer, retired (the grid version is no longer valid), area_name, method,
--   distance_m, reason, confidence, runners_up, worker_name, duty; the current one first
-- Index: placement_pkey
SELECT p.seq, p.from_at, p.to_at, g.code, g.name, g.layer, coalesce(g.valid_to IS NOT NULL, false) AS retired, a.name AS area_name,
  p.method, p.distance_m, p.reason, p.confidence, p.runners_up, w.name AS worker_name, p.duty
FROM placement p
LEFT JOIN grid_version g ON g.id = p.grid_version_id
LEFT JOIN area a ON a.id = g.area_id
LEFT JOIN worker w ON w.id = p.worker_id
WHERE p.report_id = :report_id
ORDER BY p.seq DESC
