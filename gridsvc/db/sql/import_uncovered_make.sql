-- Question: none; makes the table of the points of to_place that no grid covers
-- Parameters: none
-- Columns: none; the table has id, geom, at
-- Index: none
CREATE UNLOGGED TABLE import_uncovered AS
SELECT t.id, t.geom, t.at FROM to_place t WHERE NOT EXISTS (SELECT FROM placed c WHERE c.id = t.id)
