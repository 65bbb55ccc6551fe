-- Question: what was done to a door by hand?
-- Parameters: :id, :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which grids this reader sees
-- Columns: at, action, note, fields, account (its name, or null), role (acted in, or null), other_id, building, unit, room (of the
--   other one of what was said of two, where this reader sees it, or null), newest first
-- Index: household_log_household_id_idx
SELECT l.at, l.action, l.note, l.fields, a.name AS account, l.account_role AS role, o.id AS other_id, o.building, o.unit, o.room
FROM household_log l
LEFT JOIN account a ON a.id = l.account_id
LEFT JOIN household o ON o.id = l.other_id
  AND (:all_areas OR o.grid_version_id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint))))
WHERE l.household_id = :id
ORDER BY l.id DESC
LIMIT 200
