-- Question: is each staged row one that a reader makes, whatever the file says, and may two rows have the same number?
-- Parameters: :most_chars (of a number), :most_accuracy_m (metres), :codes (text[]: categories)
-- Columns: n, n_rows (different row numbers), n_numbers (different hashes of the reports' numbers), is_wrong; one row
-- Index: none
SELECT count(*) AS n, count(DISTINCT row) AS n_rows, count(DISTINCT hashtextextended(number, 0)) AS n_numbers,
  coalesce(bool_or(row < 1 OR number = '' OR length(number) > :most_chars OR repeat <> 0 OR received_at IS NULL
    OR state NOT IN ('reported', 'closed', 'void') OR (closed_at IS NOT NULL AND state <> 'closed')
    OR category <> ALL (CAST(:codes AS text[]))
    OR (lon IS NULL) <> (lat IS NULL) OR lon NOT BETWEEN -180 AND 180 OR lat NOT BETWEEN -90 AND 90
    OR (raw_x IS NULL) <> (raw_y IS NULL) OR raw_x NOT BETWEEN -1e12 AND 1e12 OR raw_y NOT BETWEEN -1e12 AND 1e12
    OR accuracy_m NOT BETWEEN 0 AND :most_accuracy_m), false) AS is_wrong
FROM import_row i
