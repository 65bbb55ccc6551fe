-- Question: none; gives each shifted report its new placement, with who is on duty there now
-- Parameters: :now (instant), :zone (IANA name)
-- Columns: none
-- Index: duty_grid_code_layer_worker_id_kind_key
INSERT INTO placement (report_id, seq, from_at, grid_version_id, method, distance_m, reason, worker_id, duty)
SELECT s.id, s.seq, :now, s.grid_version_id, s.method, s.distance_m,
  CASE WHEN s.grid_version_id IS NULL THEN CASE WHEN r.geom IS NULL THEN 'compound_outside' ELSE 'outside' END END,
  d.worker_id,
  CASE WHEN g.id IS NOT NULL THEN coalesce(d.kind, CASE WHEN g.area_id IS NULL THEN 'nobody' ELSE 'community' END) END
FROM shifted s
JOIN report r ON r.id = s.id
LEFT JOIN grid_version g ON g.id = s.grid_version_id
LEFT JOIN LATERAL on_duty(g.layer, g.code, CAST(:now AS timestamptz), CAST(:zone AS text)) d ON true
