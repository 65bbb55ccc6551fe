-- Question: which rows did the checks take out, and why?
-- Parameters: none
-- Columns: row, code, facts, by row
-- Index: none
SELECT row, code, facts FROM import_refused ORDER BY row
