-- Question: how many visits at the door were made in a period in each grid, by where the doors lie now?
-- Parameters: :from_at, :to_at (instants)
-- Columns: grid_version_id, n
-- Index: visit_happened_at_idx, visit_supersedes_id_key, household_pkey
SELECT h.grid_version_id, count(*) AS n
FROM visit v
JOIN household h ON h.id = v.household_id
WHERE v.happened_at >= :from_at AND v.happened_at < :to_at AND v.mode = 'door' AND v.outcome <> 'withdrawn'
  AND NOT EXISTS (SELECT FROM visit s WHERE s.supersedes_id = v.id) AND h.grid_version_id IS NOT NULL
GROUP BY h.grid_version_id
