-- Question: none; notes of the doors that this transaction has just stored who registered them, and out of which file
-- Parameters: :after (id: the last one before them), :now (instant), :account_id, :account_role, :note
-- Columns: none
-- Index: household_pkey
INSERT INTO household_log (household_id, at, account_id, account_role, action, note)
SELECT id, :now, CAST(:account_id AS bigint), CAST(:account_role AS text), 'added', CAST(:note AS text)
FROM household WHERE id > :after
ORDER BY id
