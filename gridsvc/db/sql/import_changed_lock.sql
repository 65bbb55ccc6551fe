-- Question: none; locks the stored reports that a file changes against every other writer, lowest id first
-- Parameters: none
-- Columns: id
-- Index: report_pkey
-- Before anything about them is read: who has one in hand just now is waited for, and what that person did is then seen.
SELECT r.id FROM import_row i JOIN report r ON r.id = i.known_id WHERE NOT i.same ORDER BY r.id FOR NO KEY UPDATE OF r
