-- Question: none; makes the table of rows on no grid, and why
-- Parameters: none; placed must be filled
-- Columns: none; the table has id, row, reason, lon, lat (degrees, null without a position of its own)
-- Index: none
CREATE TEMP TABLE import_unplaced ON COMMIT DROP AS
SELECT i.id, i.row, i.lon, i.lat,
  coalesce(i.reason, CASE WHEN i.lon IS NOT NULL THEN 'outside' WHEN i.place_lon IS NOT NULL THEN 'compound_outside'
    WHEN i.words IS NOT NULL THEN 'words_only' ELSE 'no_position' END) AS reason
FROM import_row i
WHERE i.same IS NOT TRUE AND NOT EXISTS (SELECT FROM placed p WHERE p.id = i.id)
