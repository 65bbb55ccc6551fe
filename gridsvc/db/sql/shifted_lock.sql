-- Question: which reports of to_place seem about to change? Locks them against every other writer, lowest id first.
-- Parameters: none
-- Columns: id
-- Index: placement_current_key, report_pkey
SELECT r.id
FROM to_place t
JOIN placement p ON p.report_id = t.id AND p.to_at IS NULL
JOIN report r ON r.id = t.id
LEFT JOIN placed w ON w.id = t.id
WHERE p.grid_version_id IS DISTINCT FROM w.grid_version_id
  OR p.method IS DISTINCT FROM coalesce(w.method, 'none') OR p.distance_m IS DISTINCT FROM w.distance_m
ORDER BY r.id
FOR NO KEY UPDATE OF r
