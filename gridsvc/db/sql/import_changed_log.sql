-- Question: none; writes the log row of each changed report, with what the report said before
-- Parameters: :now (instant), :file (its name)
-- Columns: none
-- Index: report_pkey
-- Category (as `recategorize` writes it) and time of receipt with old and new, since figures are made of them; the text that
-- was there is the row's note, so that it goes when notes do.
INSERT INTO report_log (report_id, seq, action, from_state, to_state, at, note, note_salt, note_digest, facts, digest)
SELECT s.id, s.seq, 'import', s.from_state, s.to_state, CAST(:now AS timestamptz), s.note, s.note_salt, s.note_digest, s.facts,
  log_digest(b.digest, s.id, s.seq, 'import', s.from_state, s.to_state, NULL, CAST(:now AS timestamptz), s.note_digest, s.facts)
FROM (
  SELECT n.*, sha256(n.note_salt || convert_to(n.note, 'UTF8')) AS note_digest
  FROM (
    SELECT c.id, c.seq, c.from_state, c.to_state, d.note,
      CASE WHEN d.note IS NOT NULL THEN uuid_send(gen_random_uuid()) END AS note_salt,
      jsonb_strip_nulls(jsonb_build_object(
        'file', CAST(:file AS text),
        'category', CASE WHEN r.category <> coalesce(i.category, 'unclassified')
          THEN jsonb_build_object('from', r.category, 'to', coalesce(i.category, 'unclassified')) END,
        'category_raw', CASE WHEN r.category_raw IS DISTINCT FROM i.category_raw THEN r.category_raw END,
        'received_at', CASE WHEN r.received_at <> i.received_at
          THEN jsonb_build_object('from', r.received_at, 'to', i.received_at) END,
        'closed_at', CASE WHEN r.closed_at IS DISTINCT FROM i.closed_at THEN r.closed_at END,
        'x', CASE WHEN c.moved THEN r.raw_x END, 'y', CASE WHEN c.moved THEN r.raw_y END))
      || CASE WHEN c.to_state = i.state AND r.closed_at IS DISTINCT FROM i.closed_at
        THEN jsonb_build_object('set', jsonb_build_object('closed_at', i.closed_at)) ELSE '{}' END AS facts
    FROM import_changed c
    JOIN import_row i ON i.id = c.id
    JOIN report r ON r.id = c.id
    CROSS JOIN LATERAL (
      SELECT CASE WHEN r.description <> coalesce(i.description, '') THEN nullif(r.description, '') END AS note
    ) d
    OFFSET 0  -- builds salt and facts once a row, not once for each of their uses
  ) n
  OFFSET 0
) s
JOIN report_log b ON b.report_id = s.id AND b.seq = s.seq - 1
