-- Question: which compounds do rows without a position name?
-- Parameters: none
-- Columns: compound
-- Index: none
SELECT DISTINCT compound FROM import_row WHERE lon IS NULL AND compound IS NOT NULL AND same IS NOT TRUE ORDER BY 1
