-- Question: none; makes the table of the rows that have a grid by their compound and a position that may be doubtful
-- Parameters: none
-- Columns: none; the table has id, lon, lat (degrees), accuracy_m, at, grid_version_id, by_compound (of another), doubtful (no grid
--   covers the position; where one does, its confidence is still to be asked for)
-- Index: none
CREATE TEMP TABLE import_doubted ON COMMIT DROP AS
SELECT i.id, i.lon, i.lat, i.accuracy_m, i.received_at AS at, p.grid_version_id AS grid_version_id, c.grid_version_id AS by_compound,
  p.method IS DISTINCT FROM 'covers' AS doubtful
FROM import_row i
JOIN placed c ON c.id = -i.id
LEFT JOIN placed p ON p.id = i.id
WHERE p.method IS DISTINCT FROM 'covers' OR i.accuracy_m > 0
