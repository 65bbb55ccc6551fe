-- Question: none; makes to_place of the rows that have a place, as import_to_place and import_to_place_named fill it, for the
--   server's parallel workers
-- Parameters: none
-- Columns: none; the table has id (of the compound of a row that has a position too: with a minus), geom, at, lon, lat
-- Index: none
CREATE UNLOGGED TABLE to_place AS
SELECT p.id, CAST(ST_SetSRID(ST_MakePoint(p.lon, p.lat), 4326) AS geometry(Point, 4326)) AS geom, p.at, p.lon, p.lat
FROM (
  SELECT id, coalesce(lon, place_lon) AS lon, coalesce(lat, place_lat) AS lat, received_at AS at
  FROM import_row
  WHERE coalesce(lon, place_lon) IS NOT NULL AND same IS NOT TRUE
  UNION ALL
  SELECT -id, place_lon, place_lat, received_at
  FROM import_row
  WHERE lon IS NOT NULL AND place_lon IS NOT NULL AND same IS NOT TRUE
) p
