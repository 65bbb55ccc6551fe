-- Question: none; gives each moved report its new placement
-- Parameters: :now (instant), :zone (IANA name, for hours of duty)
-- Columns: none
-- Index: duty_grid_code_layer_worker_id_kind_key
INSERT INTO placement (report_id, seq, from_at, grid_version_id, method, distance_m, reason, worker_id, duty, ended, received_at)
SELECT c.id, c.seq, :now, f.grid_version_id, f.method, f.distance_m, f.reason, d.worker_id,
  CASE WHEN g.id IS NOT NULL THEN coalesce(d.kind, CASE WHEN g.area_id IS NULL THEN 'nobody' ELSE 'community' END) END,
  ended_state(c.to_state), CASE WHEN ended_state(c.to_state) IS NOT NULL THEN f.received_at END
FROM import_changed c
JOIN import_found f ON f.id = c.id
LEFT JOIN grid_version g ON g.id = f.grid_version_id
LEFT JOIN LATERAL on_duty(g.layer, g.code, f.duty_at, CAST(:zone AS text)) d ON true
WHERE c.moved
