-- Question: none; stores the new rows of a file
-- Parameters: :source, :crs (name of the file's coordinate system), :now (instant)
-- Columns: none
-- Index: none
INSERT INTO report (
  id, source, number, repeat, source_row, state, category, category_raw, description, channel, words, compound_id, raw_x,
  raw_y, crs, geom, accuracy_m, received_at, day_only, closed_at, updated_at, body_hash)
OVERRIDING SYSTEM VALUE
SELECT i.id, :source, i.number, i.repeat, i.row, i.state, coalesce(i.category, 'unclassified'), i.category_raw,
  coalesce(i.description, ''), 'import', coalesce(i.words, CASE WHEN i.compound_id IS NULL THEN i.compound END),
  i.compound_id, coalesce(i.raw_x, i.lon), coalesce(i.raw_y, i.lat), CASE WHEN i.lon IS NOT NULL THEN :crs END,
  ST_SetSRID(ST_MakePoint(i.lon, i.lat), 4326), i.accuracy_m, i.received_at, i.day_only, i.closed_at, CAST(:now AS timestamptz),
  pg_temp.fingerprint(i, CAST(:crs AS text))
FROM import_row i
WHERE i.known_id IS NULL
