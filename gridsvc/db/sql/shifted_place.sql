-- Question: none; gives each shifted report its new placement, with who is on duty there now
-- Parameters: :now (instant at which shifted_way was made)
-- Columns: none
-- Index: none
INSERT INTO placement (report_id, seq, from_at, grid_version_id, method, distance_m, reason, worker_id, duty)
SELECT s.id, s.seq, :now, s.grid_version_id, s.method, s.distance_m, s.reason, w.worker_id, w.duty
FROM shifted s
JOIN shifted_way w ON w.from_id = coalesce(s.from_id, 0) AND w.to_id = coalesce(s.grid_version_id, 0)
  AND w.method = s.method AND w.state = s.state
