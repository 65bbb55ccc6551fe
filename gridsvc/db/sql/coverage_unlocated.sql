-- Question: how many registered doors that were reached in a period are on no grid?
-- Parameters: :from_at, :to_at (instants), :all_areas (bool: else none, such a door is in nobody's area)
-- Columns: one number
-- Index: visit_happened_at_idx, household_pkey
SELECT count(DISTINCT v.household_id)
FROM visit v JOIN household h ON h.id = v.household_id
WHERE :all_areas AND v.outcome = 'reached' AND v.happened_at >= :from_at AND v.happened_at < :to_at AND h.grid_version_id IS NULL
