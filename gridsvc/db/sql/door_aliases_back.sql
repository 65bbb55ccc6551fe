-- Question: none; what had become an entry of a door, at once or through others, points to it again when it is one of its own
-- Parameters: :gone_id (the entry that is its own again), :keep_id (the one that it had become)
-- Columns: none
-- Index: household_same_as_id_idx, household_log_household_id_idx
WITH RECURSIVE said AS (
  SELECT DISTINCT ON (l.household_id) l.household_id, l.other_id
  FROM household h JOIN household_log l ON l.household_id = h.id AND l.action = 'merged'
  WHERE h.same_as_id = :keep_id
  ORDER BY l.household_id, l.id DESC
),
its AS (
  SELECT s.household_id FROM said s WHERE s.other_id = :gone_id
  UNION
  SELECT s.household_id FROM its i JOIN said s ON s.other_id = i.household_id
)
UPDATE household SET same_as_id = :gone_id WHERE id IN (SELECT household_id FROM its) AND id <> :gone_id
