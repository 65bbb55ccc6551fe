-- Question: the visits that corrections name, by id or key, and what has corrected them already?
-- Parameters: :ids (bigint[]), :keys (uuid[])
-- Columns: id, client_key, household_id, account_id, worker_id; of the correction that is there: by_id, by_outcome,
--   by_at (recorded)
-- Index: visit_pkey, visit_client_key_key, visit_supersedes_id_key
SELECT v.id, v.client_key, v.household_id, v.account_id, v.worker_id, s.id AS by_id, s.outcome AS by_outcome,
  s.recorded_at AS by_at
FROM visit v LEFT JOIN visit s ON s.supersedes_id = v.id
WHERE v.id = ANY (CAST(:ids AS bigint[])) OR v.client_key = ANY (CAST(:keys AS uuid[]))
