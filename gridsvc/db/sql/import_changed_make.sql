-- Question: none; makes the table of stored reports that a file changes
-- Parameters: none
-- Columns: none; the table has id, row, seq (of the log row that the change gets), from_state, to_state, and whether the
--   report is to be placed anew. A state moves only when the file says another one than the last import said: what was
--   closed here since stays closed. What a person has placed stays where it is. Another accuracy can make a position so
--   doubtful that its compound decides, or no longer.
-- Index: report_log_pkey, placement_current_key
CREATE TEMP TABLE import_changed ON COMMIT DROP AS
SELECT i.id, i.row, l.seq + 1 AS seq, r.state AS from_state,
  CASE WHEN i.state = l.imported THEN r.state ELSE i.state END AS to_state,
  p.method <> 'manual' AND ((coalesce(i.raw_x, i.lon), coalesce(i.raw_y, i.lat), i.received_at, i.compound_id)
    IS DISTINCT FROM (r.raw_x, r.raw_y, r.received_at, r.compound_id)
    OR (i.compound_id IS NOT NULL AND i.accuracy_m IS DISTINCT FROM r.accuracy_m)) AS moved
FROM import_row i
JOIN report r ON r.id = i.known_id
JOIN placement p ON p.report_id = r.id AND p.to_at IS NULL
CROSS JOIN LATERAL (
  SELECT max(seq) AS seq, (array_agg(to_state ORDER BY seq DESC) FILTER (WHERE action = 'import'))[1] AS imported
  FROM report_log WHERE report_id = r.id
) l
WHERE NOT i.same
