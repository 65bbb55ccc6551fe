-- Question: none; writes the log row of each changed report, with what the report said before
-- Parameters: :now (instant), :file (its name)
-- Columns: none
-- Index: report_pkey
INSERT INTO report_log (report_id, seq, action, from_state, to_state, at, facts, digest)
SELECT n.id, n.seq, 'import', n.from_state, n.to_state, CAST(:now AS timestamptz), n.facts,
  log_digest(b.digest, n.id, n.seq, 'import', n.from_state, n.to_state, NULL, CAST(:now AS timestamptz), NULL, n.facts)
FROM (
  SELECT c.id, c.seq, c.from_state, c.to_state, jsonb_strip_nulls(jsonb_build_object(
      'file', CAST(:file AS text),
      'category', CASE WHEN r.category <> coalesce(i.category, 'unclassified')
        OR r.category_raw IS DISTINCT FROM i.category_raw THEN coalesce(r.category_raw, r.category) END,
      'description', CASE WHEN r.description <> coalesce(i.description, '') THEN r.description END,
      'received_at', CASE WHEN r.received_at <> i.received_at THEN r.received_at END,
      'closed_at', CASE WHEN r.closed_at IS DISTINCT FROM i.closed_at THEN r.closed_at END,
      'x', CASE WHEN c.moved THEN r.raw_x END, 'y', CASE WHEN c.moved THEN r.raw_y END))
    || CASE WHEN c.to_state = i.state AND r.closed_at IS DISTINCT FROM i.closed_at
      THEN jsonb_build_object('set', jsonb_build_object('closed_at', i.closed_at)) ELSE '{}' END AS facts
  FROM import_changed c
  JOIN import_row i ON i.id = c.id
  JOIN report r ON r.id = c.id
  OFFSET 0  -- builds the facts once a row, not once for each of their uses
) n
JOIN report_log b ON b.report_id = n.id AND b.seq = n.seq - 1
