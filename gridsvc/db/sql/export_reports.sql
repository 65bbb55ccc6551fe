-- Question: what are all reports, where does each belong now, and how does its case stand?
-- Parameters: :source (or null: all), :ids (bigint[] or null: all)
-- Columns: those of exports.REPORT_COLUMNS in their order, then day_only and id, by id
-- Index: report_pkey
SELECT r.source, r.number, r.repeat, r.source_row, g.code AS grid_code, g.name AS grid_name, g.layer AS grid_layer,
  p.method, p.distance_m, p.confidence, p.reason, ST_X(r.geom) AS lon, ST_Y(r.geom) AS lat, r.category, r.category_raw,
  r.state, r.received_at AS reported_at, r.observed_at, r.closed_at, r.description, r.words, c.name AS compound, r.channel,
  r.crs, r.raw_x AS x, r.raw_y AS y, r.accuracy_m, w.code AS worker_code, p.duty,
  d.code AS department_code, d.name AS department_name, r.routing, r.level, r.verified, r.verified_at, r.filed_at,
  r.dispatched_at, r.accepted_at, r.interim_at, r.due_at, r.due_original_at, r.disposed_at, r.outcome, r.checked_at,
  r.struck_at AS struck_off_at, r.suspended_at, r.n_returns, r.n_rework, r.n_extensions, r.n_suspensions, r.card,
  r.answered_at, r.rated_at, r.solved, r.satisfied, o.number AS merged_into, r.day_only, r.id
FROM report r
JOIN placement p ON p.report_id = r.id AND p.to_at IS NULL
LEFT JOIN grid_version g ON g.id = p.grid_version_id
LEFT JOIN compound c ON c.id = r.compound_id
LEFT JOIN worker w ON w.id = p.worker_id
LEFT JOIN department d ON d.id = r.department_id
LEFT JOIN report o ON o.id = r.parent_id
WHERE (CAST(:source AS text) IS NULL OR r.source = CAST(:source AS text))
  AND (CAST(:ids AS bigint[]) IS NULL OR r.id = ANY (CAST(:ids AS bigint[])))
ORDER BY r.id
