-- Question: which rows were refused as too far, and what are their positions as they came?
-- Parameters: :most (rows)
-- Columns: row, x, y, by row
-- Index: none
SELECT row, CAST(facts ->> 'x' AS float8) AS x, CAST(facts ->> 'y' AS float8) AS y
FROM import_refused WHERE code = 'position_far' ORDER BY row LIMIT :most
