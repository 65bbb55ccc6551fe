-- Question: which published grid has this code, and who is on duty in it?
-- Parameters: :code, :layer (null: either, dedicated first), :at (instant), :zone (IANA name)
-- Columns: id, code, name, layer, area_id, area_name, worker_id, worker_name, kind; one row or none
-- Index: grid_version_code_idx
SELECT g.id, g.code, g.name, g.layer, g.area_id, a.name AS area_name, d.worker_id, d.worker_name, d.kind
FROM grid_version g
LEFT JOIN area a ON a.id = g.area_id
LEFT JOIN LATERAL on_duty(g.layer, g.code, CAST(:at AS timestamptz), CAST(:zone AS text)) d ON true
WHERE g.code = :code AND (CAST(:layer AS text) IS NULL OR g.layer = CAST(:layer AS text))
  AND g.valid_from IS NOT NULL AND g.valid_to IS NULL
ORDER BY g.layer = 'base'
LIMIT 1
