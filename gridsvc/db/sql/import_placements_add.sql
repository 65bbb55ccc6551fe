-- Question: none; gives each new report its placement where nobody has duty in any grid
-- Parameters: none
-- Columns: none
-- Index: none
INSERT INTO placement (report_id, seq, from_at, grid_version_id, method, distance_m, reason, duty, ended, received_at)
SELECT f.id, 1, f.received_at, f.grid_version_id, f.method, f.distance_m, f.reason, f.duty,
  ended_state(f.state), CASE WHEN ended_state(f.state) IS NOT NULL THEN f.received_at END
FROM import_found f
WHERE f.known_id IS NULL
