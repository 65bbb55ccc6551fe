-- Question: none; numbers the second, third … row with the same number 1, 2, … in the order of the file
-- Parameters: none
-- Columns: none
-- Index: none
UPDATE import_row i SET repeat = o.repeat
FROM (
  SELECT id, row_number() OVER (PARTITION BY number ORDER BY row) - 1 AS repeat
  FROM import_row
  WHERE number IN (SELECT number FROM import_row GROUP BY number HAVING count(*) > 1)
) o
WHERE i.id = o.id AND o.repeat > 0
