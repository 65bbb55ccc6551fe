-- Question: none; of the staged doors that are one in the register the one with its own levels counts, else the first: what the
--   others say is not taken
-- Parameters: none
-- Columns: none
-- Index: none
UPDATE door_found f SET same = true, back = false, moved = false
FROM (
  SELECT d.row, row_number() OVER (PARTITION BY d.known_id ORDER BY d.alias, d.row) AS place
  FROM door_found d
  WHERE d.known_id IN (SELECT a.known_id FROM door_found a WHERE a.alias)
) p
WHERE f.row = p.row AND p.place > 1
