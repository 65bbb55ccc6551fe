-- Question: none; makes the view of each new or changed row with where it belongs, or why nowhere
-- Parameters: none; placed and import_unplaced must be filled
-- Columns: none; the view has id, known_id, received_at, grid_version_id, method, distance_m, reason
-- Index: none
CREATE TEMP VIEW import_found AS
SELECT i.id, i.known_id, i.received_at, p.grid_version_id,
  CASE WHEN p.id IS NULL THEN 'none' WHEN i.lon IS NULL THEN 'compound' ELSE p.method END AS method,
  CASE WHEN i.lon IS NOT NULL THEN p.distance_m END AS distance_m, u.reason
FROM import_row i
LEFT JOIN placed p ON p.id = i.id
LEFT JOIN import_unplaced u ON u.id = i.id
WHERE i.same IS NOT TRUE
