-- Question: which placements of a file's rows want their confidence?
-- Parameters: :after (report id), :batch (rows)
-- Columns: id, grid_version_id, lon, lat (degrees), accuracy_m, at, by id
-- Index: placement_current_key
SELECT i.id, p.grid_version_id, i.lon, i.lat, i.accuracy_m, i.received_at AS at
FROM import_row i
JOIN placement p ON p.report_id = i.id AND p.to_at IS NULL
WHERE i.id > :after AND i.accuracy_m > 0 AND i.lon IS NOT NULL AND i.same IS NOT TRUE AND p.method IN ('covers', 'nearest')
ORDER BY i.id
LIMIT :batch
