-- Question: none; makes the table of a file's reports one that the server's parallel workers can read, which a temporary one
--   is not; it is dropped before the transaction ends, and nobody else ever sees it
-- Parameters: none
-- Columns: none
-- Index: none
CREATE UNLOGGED TABLE import_row (LIKE pg_temp.import_row INCLUDING DEFAULTS)
