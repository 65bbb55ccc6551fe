-- Question: none; writes the log row of each changed report, with what the report said before
-- Parameters: :now (instant), :file (its name)
-- Columns: none
-- Index: report_pkey
INSERT INTO report_log (report_id, seq, action, from_state, to_state, at, facts)
SELECT c.id, c.seq, 'import', c.from_state, c.to_state, CAST(:now AS timestamptz), jsonb_strip_nulls(jsonb_build_object(
  'file', CAST(:file AS text),
  'category', CASE WHEN r.category <> coalesce(i.category, 'unclassified')
    OR r.category_raw IS DISTINCT FROM i.category_raw THEN coalesce(r.category_raw, r.category) END,
  'description', CASE WHEN r.description <> coalesce(i.description, '') THEN r.description END,
  'received_at', CASE WHEN r.received_at <> i.received_at THEN r.received_at END,
  'closed_at', CASE WHEN r.closed_at IS DISTINCT FROM i.closed_at THEN r.closed_at END,
  'x', CASE WHEN c.moved THEN r.raw_x END, 'y', CASE WHEN c.moved THEN r.raw_y END))
FROM import_changed c
JOIN import_row i ON i.id = c.id
JOIN report r ON r.id = c.id
