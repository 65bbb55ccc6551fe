-- Question: none; says of rows that are too far that their two coordinates are in the wrong order
-- Parameters: :rows (int[])
-- Columns: none
-- Index: none
UPDATE import_refused SET code = 'position_far_swapped' WHERE code = 'position_far' AND row = ANY (:rows)
