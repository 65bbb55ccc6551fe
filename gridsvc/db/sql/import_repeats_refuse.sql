-- Question: none; takes out every row whose number another row has too
-- Parameters: none
-- Columns: none; adds to import_refused
-- Index: none
WITH repeated AS (
  SELECT number, jsonb_build_object('found', left(number, 60), 'rows', concat(
    array_to_string((array_agg(row ORDER BY row))[1:8], ', '), CASE WHEN count(*) > 8 THEN ', …' END)) AS facts
  FROM import_row GROUP BY number HAVING count(*) > 1
),
gone AS (
  DELETE FROM import_row i USING repeated p WHERE i.number = p.number RETURNING i.row, p.facts
)
INSERT INTO import_refused (row, code, facts) SELECT row, 'number_repeated', facts FROM gone
