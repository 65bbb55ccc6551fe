-- Question: none; gives each new report its placement, by the editions and the duty of the time it was received
-- Parameters: :zone (IANA name, for hours of duty)
-- Columns: none
-- Index: duty_grid_code_layer_worker_id_kind_key
INSERT INTO placement (report_id, seq, from_at, grid_version_id, method, distance_m, reason, worker_id, duty, ended, received_at)
SELECT f.id, 1, f.received_at, f.grid_version_id, f.method, f.distance_m, f.reason, coalesce(d.worker_id, g.worker_id),
  CASE WHEN g.id IS NOT NULL THEN coalesce(d.kind, g.kind, g.otherwise) END,
  ended_state(f.state), CASE WHEN ended_state(f.state) IS NOT NULL THEN f.received_at END
FROM import_found f
LEFT JOIN (
  SELECT v.id, v.layer, v.code, CASE WHEN v.area_id IS NULL THEN 'nobody' ELSE 'community' END AS otherwise,
    u.by_hours, a.worker_id, a.kind
  FROM grid_version v
  LEFT JOIN LATERAL (
    SELECT bool_or(u.weekdays IS NOT NULL OR u.starts IS NOT NULL) AS by_hours
    FROM duty u WHERE u.grid_code = v.code AND u.layer = v.layer
  ) u ON true
  -- where nobody's duty has hours it is the same at any time: asked once for the grid, not for each report
  LEFT JOIN LATERAL (
    SELECT w.worker_id, w.kind FROM on_duty(v.layer, v.code, TIMESTAMPTZ '2000-01-01Z', CAST(:zone AS text)) w
    WHERE NOT u.by_hours
  ) a ON true
  WHERE v.valid_from IS NOT NULL
  OFFSET 0
) g ON g.id = f.grid_version_id
LEFT JOIN LATERAL (
  SELECT w.worker_id, w.kind FROM on_duty(g.layer, g.code, f.duty_at, CAST(:zone AS text)) w WHERE g.by_hours
) d ON true
WHERE f.known_id IS NULL
