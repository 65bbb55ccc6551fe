-- Question: how far do the positions of a file reach?
-- Parameters: none
-- Columns: west, south, east, north (degrees; null without any position)
-- Index: none
SELECT min(lon) AS west, min(lat) AS south, max(lon) AS east, max(lat) AS north FROM import_row
