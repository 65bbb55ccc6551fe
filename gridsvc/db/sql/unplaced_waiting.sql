-- Question: which open reports are on no grid, the longest waiting first?
-- Parameters: :reason (code or null), :after_at (instant or null), :after_id (the last one seen), :n (rows)
-- Columns: id, source, number, repeat, received_at, day_only, category, name_zh, name_en, category_raw,
--   description, words, compound, reason, channel, lon, lat (degrees or null), seq (last of its log)
-- Index: placement_grid_idx, report_pkey
SELECT r.id, r.source, r.number, r.repeat, r.received_at, r.day_only, r.category, c.name_zh, c.name_en, r.category_raw,
  r.description, r.words, k.name AS compound, p.reason, r.channel, ST_X(r.geom) AS lon, ST_Y(r.geom) AS lat,
  (SELECT max(l.seq) FROM report_log l WHERE l.report_id = r.id) AS seq
FROM placement p
JOIN report r ON r.id = p.report_id
JOIN category c ON c.code = r.category
LEFT JOIN compound k ON k.id = r.compound_id
WHERE p.grid_version_id IS NULL AND p.to_at IS NULL AND r.open
  AND (CAST(:reason AS text) IS NULL OR p.reason = CAST(:reason AS text))
  AND (CAST(:after_at AS timestamptz) IS NULL
    OR (r.received_at, r.id) > (CAST(:after_at AS timestamptz), CAST(:after_id AS bigint)))
ORDER BY r.received_at, r.id
LIMIT :n
