-- Question: none; places the rows whose position is doubtful by their compound
-- Parameters: none
-- Columns: none; changes placed
-- Index: none
WITH gone AS (
  DELETE FROM placed p USING import_doubted d WHERE d.doubtful AND p.id = d.id
)
INSERT INTO placed (id, grid_version_id, method, distance_m)
SELECT id, by_compound, 'compound', NULL FROM import_doubted WHERE doubtful
