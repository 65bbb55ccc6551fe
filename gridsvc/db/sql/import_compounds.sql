-- Question: which compounds do the rows name?
-- Parameters: none
-- Columns: compound
-- Index: none
SELECT DISTINCT compound FROM import_row WHERE compound IS NOT NULL AND same IS NOT TRUE ORDER BY 1
