-- Question: none; gives each shifted report its new placement, with who is on duty there now (asked once for each grid)
-- Parameters: :now (instant), :zone (IANA name)
-- Columns: none
-- Index: grid_version_pkey, duty_grid_code_layer_worker_id_kind_key
WITH post AS MATERIALIZED (
  SELECT g.id, d.worker_id, coalesce(d.kind, CASE WHEN g.area_id IS NULL THEN 'nobody' ELSE 'community' END) AS duty
  FROM grid_version g
  LEFT JOIN LATERAL on_duty(g.layer, g.code, CAST(:now AS timestamptz), CAST(:zone AS text)) d ON true
  WHERE g.id IN (SELECT grid_version_id FROM shifted)
)
INSERT INTO placement (report_id, seq, from_at, grid_version_id, method, distance_m, reason, worker_id, duty)
SELECT s.id, s.seq, :now, s.grid_version_id, s.method, s.distance_m, s.reason, o.worker_id, o.duty
FROM shifted s LEFT JOIN post o ON o.id = s.grid_version_id
