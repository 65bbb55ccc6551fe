-- Question: which staged doors were taken out, and why?
-- Parameters: none
-- Columns: row, code, facts, by row
-- Index: none
SELECT row, code, facts FROM door_refused ORDER BY row
