-- Question: which doors of to_place are in another grid than placed says?
-- Parameters: none
-- Columns: id, in order
-- Index: household_pkey
SELECT h.id
FROM household h JOIN to_place t ON t.id = h.id LEFT JOIN placed w ON w.id = t.id
WHERE h.grid_version_id IS DISTINCT FROM w.grid_version_id
ORDER BY h.id
