-- Question: none; begins the log of each new report
-- Parameters: :now (instant), :facts (jsonb: the name of the file)
-- Columns: none
-- Index: none
INSERT INTO report_log (report_id, seq, action, from_state, to_state, at, facts, digest)
SELECT i.id, 1, 'import', NULL, i.state, CAST(:now AS timestamptz), i.facts, log_digest(NULL, i.id, 1, 'import', NULL,
  i.state, NULL, CAST(:now AS timestamptz), NULL, i.facts)
FROM (
  SELECT id, state, CASE WHEN closed_at IS NULL THEN CAST(:facts AS jsonb)
    ELSE CAST(:facts AS jsonb) || jsonb_build_object('set', jsonb_build_object('closed_at', closed_at)) END AS facts
  FROM import_row
  WHERE known_id IS NULL
  OFFSET 0  -- builds the facts once a row, not once for each of their uses
) i
