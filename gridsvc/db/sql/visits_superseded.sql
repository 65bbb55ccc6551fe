-- Question: the visits that corrections name, by id or key, and what has corrected them already?
-- Parameters: :ids (bigint[]), :keys (uuid[])
-- Columns: named_id, client_key (as they are named); id, household_id, account_id, worker_id of the visit that is meant: the one
--   of that name, or what it became when its door became another entry of the register; of the correction that is there:
--   by_id, by_outcome, by_at (recorded)
-- Index: visit_pkey, visit_client_key_key, visit_supersedes_id_key
WITH RECURSIVE meant AS (
  SELECT v.id AS named_id, v.client_key, v.id
  FROM visit v
  WHERE v.id = ANY (CAST(:ids AS bigint[])) OR v.client_key = ANY (CAST(:keys AS uuid[]))
  UNION ALL
  SELECT m.named_id, m.client_key, s.id FROM meant m JOIN visit s ON s.supersedes_id = m.id AND s.carried
)
SELECT m.named_id, m.client_key, v.id, v.household_id, v.account_id, v.worker_id, s.id AS by_id, s.outcome AS by_outcome,
  s.recorded_at AS by_at
FROM meant m
JOIN visit v ON v.id = m.id
LEFT JOIN visit s ON s.supersedes_id = v.id
WHERE s.id IS NULL OR NOT s.carried
