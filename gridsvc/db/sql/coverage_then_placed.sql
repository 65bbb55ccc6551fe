-- Question: none; gives the doors of door_then that have moved the grid version that placed found for them, or none
-- Parameters: none
-- Columns: none
-- Index: none
UPDATE door_then d SET grid_version_id = w.grid_version_id
FROM to_place t LEFT JOIN placed w ON w.id = t.id
WHERE d.id = t.id
