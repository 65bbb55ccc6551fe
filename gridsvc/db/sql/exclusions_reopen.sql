-- Question: none; what was confirmed of a door and ended as another entry became that door, holds again from now on
-- Parameters: :id (door), :ended_at (instant: when they became one), :now (instant)
-- Columns: reason of what holds again
-- Index: household_exclusion_household_id_idx
-- One that a person ended, one of which another has come since, and one after which somebody was met there, stays ended.
INSERT INTO household_exclusion (household_id, reason, claimed_by, claimed_at, confirmed_by, confirmed_at, document)
SELECT x.household_id, x.reason, x.claimed_by, x.claimed_at, x.confirmed_by, :now, x.document
FROM household_exclusion x
WHERE x.household_id = :id AND x.ended_at = CAST(:ended_at AS timestamptz) AND x.ended_by IS NULL
  AND x.confirmed_at < x.ended_at
  AND NOT EXISTS (
    SELECT FROM household_exclusion o
    WHERE o.household_id = :id AND (o.ended_at IS NULL OR o.confirmed_at >= CAST(:ended_at AS timestamptz)))
  AND NOT EXISTS (
    SELECT FROM effective_visits('infinity') v
    WHERE v.household_id = :id AND v.outcome = 'reached' AND v.mode = 'door' AND v.happened_at > x.claimed_at)
RETURNING reason
