-- Question: who else was at the doors of these visits on the same day?
-- Parameters: :ids (bigint[]: visits), :zone (name: days are its days)
-- Columns: id (of the visit), who (the worker's or account's name, or null), happened_at, outcome; by id and time
-- Index: visit_household_id_happened_at_idx
SELECT v.id, coalesce(w.name, a.name) AS who, o.happened_at, o.outcome
FROM visit v
JOIN LATERAL (
  SELECT e.* FROM effective_visits('infinity') e
  WHERE e.household_id = v.household_id AND e.happened_at >= date_trunc('day', v.happened_at, CAST(:zone AS text))
    AND e.happened_at < date_trunc('day', v.happened_at, CAST(:zone AS text)) + interval '1 day'
) o ON (o.account_id, o.worker_id) IS DISTINCT FROM (v.account_id, v.worker_id)
LEFT JOIN worker w ON w.id = o.worker_id
LEFT JOIN account a ON a.id = o.account_id
WHERE v.id = ANY (CAST(:ids AS bigint[]))
ORDER BY v.id, o.happened_at, o.id
