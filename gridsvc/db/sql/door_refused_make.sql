-- Question: none; makes the temporary table of staged doors that only the others or the database show to be wrong
-- Parameters: none
-- Columns: none
-- Index: none
CREATE TEMP TABLE door_refused (row int NOT NULL, code text NOT NULL, facts jsonb NOT NULL) ON COMMIT DROP
