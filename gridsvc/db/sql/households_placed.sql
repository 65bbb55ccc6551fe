-- Question: none; gives each door of to_place its grid version from placed, where it is another one
-- Parameters: none
-- Columns: none
-- Index: household_pkey
UPDATE household h SET grid_version_id = w.grid_version_id
FROM to_place t LEFT JOIN placed w ON w.id = t.id
WHERE h.id = t.id AND h.grid_version_id IS DISTINCT FROM w.grid_version_id
