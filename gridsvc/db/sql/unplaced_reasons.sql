-- Question: why are the open reports that are on no grid there?
-- Parameters: none
-- Columns: reason, n, most frequent first
-- Index: placement_grid_idx, report_pkey
SELECT p.reason, count(*) AS n
FROM placement p
JOIN report r ON r.id = p.report_id AND r.open
WHERE p.grid_version_id IS NULL AND p.to_at IS NULL
GROUP BY p.reason
ORDER BY n DESC, p.reason
