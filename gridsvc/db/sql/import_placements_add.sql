-- Question: none; gives each new report its placement where nobody has duty in any grid
-- Parameters: none
-- Columns: none
-- Index: none
INSERT INTO placement (report_id, seq, from_at, grid_version_id, method, distance_m, reason, duty)
SELECT f.id, 1, f.received_at, f.grid_version_id, f.method, f.distance_m, f.reason, g.otherwise
FROM import_found f
LEFT JOIN (
  SELECT id, CASE WHEN area_id IS NULL THEN 'nobody' ELSE 'community' END AS otherwise
  FROM grid_version WHERE valid_from IS NOT NULL
) g ON g.id = f.grid_version_id
WHERE f.known_id IS NULL
