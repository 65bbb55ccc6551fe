-- Question: which department is that of the territory itself: the one whose own area holds this area most closely?
-- Parameters: :area_id (bigint or null)
-- Columns: id, name; one row, or none
-- Index: area_pkey
WITH RECURSIVE up AS (
  SELECT a.id, a.parent_id, 0 AS height FROM area a WHERE a.id = CAST(:area_id AS bigint)
  UNION ALL
  SELECT a.id, a.parent_id, u.height + 1 FROM area a JOIN up u ON a.id = u.parent_id
)
SELECT d.id, d.name
FROM up u
JOIN department d ON d.area_id = u.id AND d.active
ORDER BY u.height, d.code
LIMIT 1
