-- Question: none; makes the table of the ways that shifted reports go: what their log rows say, and who is on duty where they
--   arrive. Worked out once a way, for it takes longer than all else about a row
-- Parameters: :now (instant), :zone (IANA name)
-- Columns: none; the table has from_id, to_id (grid versions, 0: none), method, state, facts, said, worker_id, duty
-- Index: grid_version_pkey, duty_grid_code_layer_worker_id_kind_key
CREATE TEMP TABLE shifted_way ON COMMIT DROP AS
SELECT coalesce(w.from_id, 0) AS from_id, coalesce(w.grid_version_id, 0) AS to_id, w.method, w.state, j.facts,
  log_said('replace', w.state, w.state, NULL, CAST(:now AS timestamptz), NULL, j.facts) AS said, d.worker_id,
  CASE WHEN g.id IS NOT NULL THEN coalesce(d.kind, CASE WHEN g.area_id IS NULL THEN 'nobody' ELSE 'community' END) END AS duty
FROM (SELECT DISTINCT from_id, grid_version_id, method, state FROM shifted) w
LEFT JOIN grid_version f ON f.id = w.from_id
LEFT JOIN grid_version g ON g.id = w.grid_version_id
LEFT JOIN LATERAL on_duty(g.layer, g.code, CAST(:now AS timestamptz), CAST(:zone AS text)) d ON true
-- the offset builds the facts once a row, not once for each of their uses
CROSS JOIN LATERAL (
  SELECT jsonb_build_object('from', f.code, 'to', g.code, 'method', w.method) AS facts OFFSET 0
) j
