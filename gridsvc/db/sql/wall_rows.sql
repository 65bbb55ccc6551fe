-- Question: what does the wall say of these reports, in this order, and where are their pins?
-- Parameters: :ids (bigint[]: of reports), :standings (text[]: the standing of each), :untils (timestamptz[]: the
--   instant that it is about, or null)
-- Columns: as the fields of wall.Row; description cut at 320 characters; lon, lat in degrees, EPSG:4326: of the report,
--   else of its compound, else of a point inside its grid, as `located` says
-- Index: report_pkey, placement_current_key, report_log_pkey
SELECT r.id, r.source, r.number, r.repeat, r.state, o.standing, o.until_at, r.category, c.name_zh, c.name_en,
  left(r.description, 320) AS description, g.code AS grid_code, g.name AS grid_name, g.layer AS grid_layer,
  a.code AS area_code, a.name AS area_name, d.code AS department_code, d.name AS department_name,
  coalesce(h.name, w.name) AS owner,
  CASE WHEN h.name IS NOT NULL THEN 'handler' WHEN w.name IS NOT NULL THEN 'worker' END AS owner_kind,
  CASE WHEN r.state = 'verified' THEN 'reported'
    WHEN r.state = 'dispatched' AND r.accepted_at IS NOT NULL THEN 'accepted' ELSE r.state END AS step,
  r.card, r.n_rework, r.due_at, l.at AS updated_at, r.struck_at, ST_X(pin.geom) AS lon, ST_Y(pin.geom) AS lat,
  CASE WHEN r.geom IS NOT NULL THEN 'report' WHEN k.geom IS NOT NULL THEN 'compound' WHEN g.geom IS NOT NULL THEN 'grid'
    END AS located
FROM unnest(CAST(:ids AS bigint[]), CAST(:standings AS text[]), CAST(:untils AS timestamptz[]))
  WITH ORDINALITY AS o (id, standing, until_at, nr)
JOIN report r ON r.id = o.id
JOIN placement p ON p.report_id = r.id AND p.to_at IS NULL
JOIN category c ON c.code = r.category
CROSS JOIN LATERAL (
  SELECT l.at FROM report_log l WHERE l.report_id = r.id ORDER BY l.seq DESC LIMIT 1
) l
LEFT JOIN grid_version g ON g.id = p.grid_version_id
LEFT JOIN area a ON a.id = g.area_id
LEFT JOIN worker w ON w.id = p.worker_id
LEFT JOIN department d ON d.id = r.department_id
LEFT JOIN compound k ON k.id = r.compound_id
LEFT JOIN LATERAL (
  SELECT u.name FROM report_log b JOIN account u ON u.id = b.actor_id
  WHERE b.report_id = r.id AND b.action IN ('accept', 'claim') AND r.accepted_at IS NOT NULL
  ORDER BY b.seq DESC LIMIT 1
) h ON true
CROSS JOIN LATERAL (
  SELECT coalesce(r.geom, ST_PointOnSurface(k.geom), ST_PointOnSurface(g.geom)) AS geom
) pin
ORDER BY o.nr
