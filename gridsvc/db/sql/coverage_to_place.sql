-- Question: none; puts the doors of covered_door into to_place, to be placed by the editions of an instant
-- Parameters: :at (instant)
-- Columns: none
-- Index: household_pkey
-- A door that has moved since the instant that is asked for lies where it was.
INSERT INTO to_place (id, geom, at)
SELECT h.id, coalesce(w.geom, h.geom), CAST(:at AS timestamptz)
FROM covered_door d JOIN household h ON h.id = d.id LEFT JOIN door_then w ON w.id = d.id
