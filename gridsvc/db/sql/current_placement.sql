-- Question: where does one report belong now, and who has it?
-- Parameters: :report_id
-- Columns: the placement's own, with code, name, layer of the grid, worker_name, area_name; one row
-- Index: placement_current_key
SELECT p.grid_version_id, g.code, g.name, g.layer, p.method, p.distance_m, p.reason, p.confidence, p.runners_up,
  p.worker_id, w.name AS worker_name, p.duty, a.name AS area_name
FROM placement p
LEFT JOIN grid_version g ON g.id = p.grid_version_id
LEFT JOIN area a ON a.id = g.area_id
LEFT JOIN worker w ON w.id = p.worker_id
WHERE p.report_id = :report_id AND p.to_at IS NULL
