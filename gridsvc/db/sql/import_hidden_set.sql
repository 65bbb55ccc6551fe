-- Question: none; gives rows whose words only hide numbers of what is stored the stored words
-- Parameters: :rows (row numbers), :descriptions, :words (as many)
-- Columns: none
-- Index: none
UPDATE import_row i SET description = k.description, words = k.words
FROM unnest(CAST(:rows AS integer[]), CAST(:descriptions AS text[]), CAST(:words AS text[])) AS k (row, description, words)
WHERE i.row = k.row
