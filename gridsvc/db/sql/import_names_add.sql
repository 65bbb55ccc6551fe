-- Question: none; keeps the names that a file gives, and their keys
-- Parameters: :compounds, :keys (text[], as long as one another)
-- Columns: none
-- Index: none
INSERT INTO import_name (compound, key) SELECT * FROM unnest(CAST(:compounds AS text[]), CAST(:keys AS text[]))
