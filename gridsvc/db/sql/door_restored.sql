-- Question: none; notes of the stored doors that were removed and that the staged ones bring back that they are back
-- Parameters: :now (instant), :account_id, :account_role (or null both)
-- Columns: none
-- Index: household_pkey
INSERT INTO household_log (household_id, at, account_id, account_role, action)
SELECT h.id, :now, CAST(:account_id AS bigint), CAST(:account_role AS text), 'restored'
FROM door_found f JOIN household h ON h.id = f.known_id
WHERE f.back
ORDER BY h.id
