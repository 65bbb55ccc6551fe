-- Question: which placements just made from to_place want their confidence?
-- Parameters: :after (report id), :batch (rows)
-- Columns: id, grid_version_id, lon, lat (degrees), accuracy_m, at, by id
-- Index: placement_current_key, report_pkey
SELECT r.id, p.grid_version_id, ST_X(r.geom) AS lon, ST_Y(r.geom) AS lat, r.accuracy_m, t.at
FROM to_place t
JOIN placement p ON p.report_id = t.id AND p.to_at IS NULL AND p.from_at = t.at
JOIN report r ON r.id = t.id
WHERE t.id > :after AND p.method IN ('covers', 'nearest') AND r.accuracy_m > 0 AND r.geom IS NOT NULL
ORDER BY t.id
LIMIT :batch
