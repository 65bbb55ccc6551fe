-- Question: what does a worklist show of these reports, in this order?
-- Parameters: :ids (bigint[]: of reports), :now, :day_end (instants: now, and the midnight that ends today)
-- Columns: the fields of worklist.Row, in their order; deadline as worklist.deadline_state has it, null of an ended one;
--   description cut at 400 characters; version is the last seq of the log
-- Index: report_pkey, placement_current_key, report_log_pkey
SELECT r.id, r.source, r.number, r.repeat, r.state,
  CASE WHEN NOT r.open THEN NULL WHEN r.suspended_at IS NOT NULL OR r.waiting_at IS NOT NULL THEN 'suspended'
    WHEN r.until_at IS NULL THEN 'no_deadline' WHEN r.until_at < CAST(:now AS timestamptz) THEN 'overdue'
    WHEN r.until_at < CAST(:day_end AS timestamptz) THEN 'due_today' ELSE 'in_time' END AS deadline,
  r.due_at, r.due_original_at,
  r.due_limit ->> 'unit' AS due_unit, r.stage, r.stage_due_at,
  r.category, c.name_zh, c.name_en, left(r.description, 400) AS description, k.name AS compound,
  g.code AS grid_code, g.name AS grid_name, g.layer AS grid_layer, a.code AS area_code, a.name AS area_name,
  w.name AS worker_name, p.duty, d.code AS department_code, d.name AS department_name,
  r.routing, coalesce(cardinality(r.called_ids), 0) AS n_called, r.level, r.card, r.outcome,
  r.suspended_at, r.suspended_until, r.waiting_at, r.interim_at, r.extension_asked_at,
  r.dispatched_at, r.accepted_at, r.disposed_at, r.n_rework,
  r.n_returns, r.n_extensions, p.confidence, r.received_at, r.day_only, l.at AS updated_at, l.seq AS version
FROM unnest(CAST(:ids AS bigint[])) WITH ORDINALITY AS o (id, nr)
JOIN report r ON r.id = o.id
JOIN placement p ON p.report_id = r.id AND p.to_at IS NULL
JOIN category c ON c.code = r.category
CROSS JOIN LATERAL (
  SELECT l.seq, l.at FROM report_log l WHERE l.report_id = r.id ORDER BY l.seq DESC LIMIT 1
) l
LEFT JOIN grid_version g ON g.id = p.grid_version_id
LEFT JOIN area a ON a.id = g.area_id
LEFT JOIN worker w ON w.id = p.worker_id
LEFT JOIN department d ON d.id = r.department_id
LEFT JOIN compound k ON k.id = r.compound_id
ORDER BY o.nr
