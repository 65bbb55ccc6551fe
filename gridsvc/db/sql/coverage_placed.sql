-- Question: none; gives each door of covered_door the grid version that placed found for it, or none
-- Parameters: none
-- Columns: none
-- Index: none
UPDATE covered_door d SET grid_version_id = w.grid_version_id
FROM to_place t LEFT JOIN placed w ON w.id = t.id
WHERE d.id = t.id
