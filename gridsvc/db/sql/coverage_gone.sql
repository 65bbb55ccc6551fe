-- Question: which doors were off the register at an instant and have come back since?
-- Parameters: :as_of (instant)
-- Columns: household_id, removed_at
-- Index: household_log_restored_idx, household_log_household_id_idx
-- What is back has lost its removed_at, so only its log knows that it was away.
SELECT b.household_id, l.at AS removed_at
FROM (SELECT DISTINCT household_id FROM household_log WHERE action IN ('restored', 'returned') AND at > :as_of) b
CROSS JOIN LATERAL (
  SELECT l.action, l.at FROM household_log l
  WHERE l.household_id = b.household_id AND l.action IN ('removed', 'restored', 'merged', 'returned')
    AND l.at <= :as_of
  ORDER BY l.at DESC, l.id DESC LIMIT 1
) l
WHERE l.action IN ('removed', 'merged')
