-- Question: none; makes the temporary table of the compounds' names in a file, each with its names.name_key
-- Parameters: none
-- Columns: none
-- Index: none
CREATE TEMP TABLE import_name (compound text, key text COLLATE "C") ON COMMIT DROP
