-- Question: which published grids does a worker have, and how many open reports lie in each?
-- Parameters: :worker_id (bigint or null)
-- Columns: code, name, layer, kind (main|deputy), n_open, n_mine (open ones that are this worker's), by kind and code
-- Index: grid_version_code_idx, placement_grid_idx
SELECT g.code, g.name, g.layer, CASE WHEN bool_or(d.kind = 'main') THEN 'main' ELSE 'deputy' END AS kind,
  coalesce(max(o.n_open), 0) AS n_open, coalesce(max(o.n_mine), 0) AS n_mine
FROM duty d
JOIN grid_version g ON g.code = d.grid_code AND g.layer = d.layer AND g.valid_from IS NOT NULL AND g.valid_to IS NULL
LEFT JOIN LATERAL (
  SELECT count(*) AS n_open, count(*) FILTER (WHERE p.worker_id = d.worker_id) AS n_mine
  FROM grid_version v
  JOIN placement p ON p.grid_version_id = v.id AND p.to_at IS NULL
  JOIN report r ON r.id = p.report_id AND r.open
  WHERE v.code = g.code AND v.layer = g.layer  -- a hand-placed report keeps the version it was given
) o ON true
WHERE d.worker_id = CAST(:worker_id AS bigint)
GROUP BY g.id
ORDER BY 4 DESC, g.code
