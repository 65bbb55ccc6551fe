-- Question: what are all reports, and where does each belong now?
-- Parameters: :source (or null: all)
-- Columns: those of exports.REPORT_COLUMNS in their order, then day_only, by id
-- Index: report_pkey
SELECT r.source, r.number, r.repeat, r.source_row, g.code AS grid_code, g.name AS grid_name, g.layer AS grid_layer,
  p.method, p.distance_m, p.confidence, p.reason, ST_X(r.geom) AS lon, ST_Y(r.geom) AS lat, r.category, r.category_raw,
  r.state, r.received_at AS reported_at, r.observed_at, r.closed_at, r.description, r.words, c.name AS compound, r.channel,
  r.crs, r.raw_x AS x, r.raw_y AS y, r.accuracy_m, w.code AS worker_code, p.duty, r.day_only
FROM report r
JOIN placement p ON p.report_id = r.id AND p.to_at IS NULL
LEFT JOIN grid_version g ON g.id = p.grid_version_id
LEFT JOIN compound c ON c.id = r.compound_id
LEFT JOIN worker w ON w.id = p.worker_id
WHERE CAST(:source AS text) IS NULL OR r.source = CAST(:source AS text)
ORDER BY r.id
