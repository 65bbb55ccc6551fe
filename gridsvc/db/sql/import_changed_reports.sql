-- Question: none; gives each changed report what the file says
-- Parameters: :crs (name of the file's coordinate system), :now (instant)
-- Columns: none
-- Index: report_pkey
UPDATE report r SET
  source_row = i.row, state = c.to_state, category = coalesce(i.category, 'unclassified'), category_raw = i.category_raw,
  description = coalesce(i.description, ''),
  words = coalesce(i.words, CASE WHEN i.compound_id IS NULL THEN i.compound END), compound_id = i.compound_id,
  raw_x = coalesce(i.raw_x, i.lon), raw_y = coalesce(i.raw_y, i.lat), crs = CASE WHEN i.lon IS NOT NULL THEN :crs END,
  geom = ST_SetSRID(ST_MakePoint(i.lon, i.lat), 4326), accuracy_m = i.accuracy_m, received_at = i.received_at,
  day_only = i.day_only, updated_at = :now,
  closed_at = CASE WHEN c.to_state = i.state THEN i.closed_at ELSE r.closed_at END,
  body_hash = pg_temp.fingerprint(i, CAST(:crs AS text))
FROM import_changed c JOIN import_row i ON i.id = c.id
WHERE r.id = c.id
