-- Question: none; puts the positions of door_then from which doors have moved into to_place
-- Parameters: :at (instant)
-- Columns: none
-- Index: none
INSERT INTO to_place (id, geom, at)
SELECT d.id, d.geom, CAST(:at AS timestamptz) FROM door_then d WHERE d.moved
