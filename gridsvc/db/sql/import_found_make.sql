-- Question: none; makes the table of each new or changed row with where it belongs, or why nowhere, and with the first row of
--   its log (of a new one): sealed here, where the server's parallel workers take part
-- Parameters: :now (instant), :facts (jsonb: the name of the file), :said (jsonb: by state, what log_said makes of a row with
--   these facts; for rows that were closed at some instant it is put into words one by one); placed must be filled
-- Columns: none; the table has id, row, known_id, received_at, duty_at, grid_version_id, method, distance_m, reason, duty, state,
--   facts, digest (duty_at: a bare day begins at midnight, when those of the day are not on duty: its noon decides who has it;
--   duty: where nobody is on duty)
-- Index: none
CREATE TEMP TABLE import_found ON COMMIT DROP AS
SELECT i.id, i.row, i.known_id, i.received_at,
  CASE WHEN i.day_only THEN i.received_at + interval '12 hours' ELSE i.received_at END AS duty_at, p.grid_version_id,
  CASE WHEN p.id IS NULL THEN 'none' WHEN i.lon IS NULL THEN 'compound' ELSE p.method END AS method,
  CASE WHEN i.lon IS NOT NULL THEN p.distance_m END AS distance_m,
  CASE WHEN p.id IS NULL THEN coalesce(i.reason, CASE WHEN i.lon IS NOT NULL THEN 'outside'
    WHEN i.place_lon IS NOT NULL THEN 'compound_outside' WHEN i.words IS NOT NULL THEN 'words_only'
    ELSE 'no_position' END) END AS reason,
  CASE WHEN g.id IS NOT NULL THEN CASE WHEN g.area_id IS NULL THEN 'nobody' ELSE 'community' END END AS duty, i.state, j.facts,
  log_seal(NULL, i.id, 1, CASE WHEN i.closed_at IS NULL THEN CAST(:said AS jsonb) ->> i.state
    ELSE log_said('import', NULL, i.state, NULL, CAST(:now AS timestamptz), NULL, j.facts) END) AS digest
FROM import_row i
LEFT JOIN placed p ON p.id = i.id
LEFT JOIN grid_version g ON g.id = p.grid_version_id
-- no offset, which would build the facts once a row for both of their uses: it keeps the workers out
CROSS JOIN LATERAL (
  SELECT CASE WHEN i.closed_at IS NULL THEN CAST(:facts AS jsonb)
    ELSE CAST(:facts AS jsonb) || jsonb_build_object('set', jsonb_build_object('closed_at', i.closed_at)) END AS facts
) j
WHERE i.same IS NOT TRUE
