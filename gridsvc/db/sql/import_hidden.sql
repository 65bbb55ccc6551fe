-- Question: which rows of stored reports have hidden numbers, and what do those reports say?
-- Parameters: none
-- Columns: row, description, words (of the file), said, place (what is stored in their stead)
-- Index: report_pkey
SELECT i.row, i.description, i.words, r.description AS said, r.words AS place
FROM import_row i
JOIN report r ON r.id = i.known_id
WHERE i.known_id IS NOT NULL AND (strpos(i.description, '****') > 0 OR strpos(i.words, '****') > 0)
