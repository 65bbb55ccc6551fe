-- Question: none; makes the table of each new or changed row with where it belongs, or why nowhere
-- Parameters: none; placed must be filled
-- Columns: none; the table has id, row, known_id, received_at, duty_at, grid_version_id, method, distance_m, reason
--   (duty_at: a bare day begins at midnight, when those of the day are not on duty: its noon decides who has it)
-- Index: none
CREATE TEMP TABLE import_found ON COMMIT DROP AS
SELECT i.id, i.row, i.known_id, i.received_at,
  CASE WHEN i.day_only THEN i.received_at + interval '12 hours' ELSE i.received_at END AS duty_at, p.grid_version_id,
  CASE WHEN p.id IS NULL THEN 'none' WHEN i.lon IS NULL THEN 'compound' ELSE p.method END AS method,
  CASE WHEN i.lon IS NOT NULL THEN p.distance_m END AS distance_m,
  CASE WHEN p.id IS NULL THEN coalesce(i.reason, CASE WHEN i.lon IS NOT NULL THEN 'outside'
    WHEN i.place_lon IS NOT NULL THEN 'compound_outside' WHEN i.words IS NOT NULL THEN 'words_only'
    ELSE 'no_position' END) END AS reason
FROM import_row i LEFT JOIN placed p ON p.id = i.id
WHERE i.same IS NOT TRUE
