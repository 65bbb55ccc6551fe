-- Question: none; makes to_place of the rows that have a place, as import_to_place fills it, for the server's parallel workers
-- Parameters: none
-- Columns: none; the table has id, geom, at
-- Index: none
CREATE UNLOGGED TABLE to_place AS
SELECT id, CAST(ST_SetSRID(ST_MakePoint(coalesce(lon, place_lon), coalesce(lat, place_lat)), 4326)
  AS geometry(Point, 4326)) AS geom, received_at AS at
FROM import_row
WHERE coalesce(lon, place_lon) IS NOT NULL AND same IS NOT TRUE
ORDER BY 2
