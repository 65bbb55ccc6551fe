-- Question: what was done to a door by hand?
-- Parameters: :id
-- Columns: at, action, note, fields, account (its name, or null), newest first
-- Index: household_log_household_id_idx
SELECT l.at, l.action, l.note, l.fields, a.name AS account
FROM household_log l LEFT JOIN account a ON a.id = l.account_id
WHERE l.household_id = :id
ORDER BY l.id DESC
LIMIT 200
