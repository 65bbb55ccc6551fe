-- Question: none; what was confirmed, declined and ended of the visits to one entry of a door is done with at another one too
-- Parameters: :from_id, :to_id (doors), :visit_ids (bigint[] or null: only what these visits claim)
-- Columns: none
-- Index: household_exclusion_household_id_idx
-- Of no length: it leaves no door out at any time, it only answers a claim.
INSERT INTO household_exclusion (household_id, reason, claimed_by, claimed_at, confirmed_by, confirmed_at, document, ended_at,
  ended_by)
SELECT :to_id, x.reason, x.claimed_by, x.claimed_at, x.confirmed_by, x.ended_at, x.document, x.ended_at, x.ended_by
FROM household_exclusion x
WHERE x.household_id = :from_id AND x.ended_at IS NOT NULL
  -- what a document said of the entry that goes answers nothing that was found at the other
  AND EXISTS (
    SELECT FROM effective_visits('infinity') v
    WHERE v.household_id = :from_id AND v.outcome = x.reason AND v.mode = 'door' AND v.happened_at = x.claimed_at
      AND (CAST(:visit_ids AS bigint[]) IS NULL OR v.id = ANY (CAST(:visit_ids AS bigint[]))))
  AND NOT EXISTS (
    SELECT FROM household_exclusion o
    WHERE o.household_id = :to_id AND o.reason = x.reason AND o.claimed_at = x.claimed_at
      AND o.claimed_by IS NOT DISTINCT FROM x.claimed_by)
