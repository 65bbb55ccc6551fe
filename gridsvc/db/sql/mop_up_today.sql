-- Question: at how many doors has this worker or account recorded a visit since an instant?
-- Parameters: :worker_id, :account_id (bigint or null), :from_at (instant)
-- Columns: one bigint
-- Index: visit_happened_at_idx
SELECT count(DISTINCT v.household_id)
FROM visit v
WHERE v.happened_at >= :from_at AND v.outcome <> 'withdrawn'
  AND (v.worker_id = CAST(:worker_id AS bigint) OR v.account_id = CAST(:account_id AS bigint))
  AND NOT EXISTS (SELECT FROM visit s WHERE s.supersedes_id = v.id)
