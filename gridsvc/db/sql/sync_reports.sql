-- Question: what does a phone keep of these reports?
-- Parameters: :ids (bigint[]), :account_id (bigint: whose keys are told)
-- Columns: id, repeat, key (of the draft, where this account sent it), sent_key (the same, whoever sent it), description, words, lon, lat (EPSG:4326 degrees, of the
--   report or of its compound, or null), grid, received_at, closing (of its filing condition, or null), n_photos
-- Index: report_pkey, placement_current_key, report_photo_pkey
SELECT r.id, r.repeat, CASE WHEN r.sender_id = CAST(:account_id AS bigint) THEN r.client_key END AS key,
  r.client_key AS sent_key, r.description,
  r.words, ST_X(p.geom) AS lon, ST_Y(p.geom) AS lat, g.code AS grid, r.received_at, f.closing,
  (SELECT count(DISTINCT x.sha256) FROM report_photo x WHERE x.report_id = r.id) AS n_photos
FROM report r
LEFT JOIN placement l ON l.report_id = r.id AND l.to_at IS NULL
LEFT JOIN grid_version g ON g.id = l.grid_version_id
LEFT JOIN compound k ON k.id = r.compound_id
LEFT JOIN category_condition f ON f.id = r.condition_id
CROSS JOIN LATERAL (SELECT coalesce(r.geom, ST_PointOnSurface(k.geom)) AS geom) p
WHERE r.id = ANY (CAST(:ids AS bigint[]))
