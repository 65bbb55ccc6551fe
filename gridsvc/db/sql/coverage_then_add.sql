-- Question: none; puts into door_then what doors were at an instant that have changed since
-- Parameters: :as_of (instant)
-- Columns: none
-- Index: household_was_until_at_idx, household_pkey
-- The first change after the instant knows. The grid is the one of now; a position that has moved is yet to be placed.
INSERT INTO door_then (id, class_code, kind, compound_id, grid_version_id, geom, moved)
SELECT w.household_id, w.class_code, w.kind, w.compound_id, h.grid_version_id, w.geom, w.geom IS DISTINCT FROM h.geom
FROM (
  SELECT DISTINCT ON (household_id) household_id, class_code, kind, compound_id, geom
  FROM household_was WHERE until_at > :as_of
  ORDER BY household_id, id
) w
JOIN household h ON h.id = w.household_id
