-- Question: how many rows of the file are new, changed, the same?
-- Parameters: none
-- Columns: n_new, n_changed, n_same
-- Index: none
SELECT count(*) FILTER (WHERE known_id IS NULL) AS n_new, count(*) FILTER (WHERE NOT same) AS n_changed,
  count(*) FILTER (WHERE same) AS n_same
FROM import_row
