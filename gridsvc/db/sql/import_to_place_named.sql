-- Question: none; puts the compounds of rows that have a position too into to_place, by the rows' ids with a minus
-- Parameters: none
-- Columns: none
-- Index: none
INSERT INTO to_place (id, geom, at)
SELECT -id, ST_SetSRID(ST_MakePoint(place_lon, place_lat), 4326), received_at
FROM import_row
WHERE lon IS NOT NULL AND place_lon IS NOT NULL AND same IS NOT TRUE
ORDER BY 2
