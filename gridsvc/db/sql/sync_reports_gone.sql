-- Question: which of these reports were once a reader's: placed in one of these grids, or with this department?
-- Parameters: :ids (bigint[]), :own (bigint[]: grid versions), :department_id (bigint or null)
-- Columns: source, number, repeat; by id
-- Index: report_pkey, placement_pkey, report_log_pkey
SELECT r.source, r.number, r.repeat
FROM report r
WHERE r.id = ANY (CAST(:ids AS bigint[])) AND (
  EXISTS (SELECT FROM placement p WHERE p.report_id = r.id AND p.grid_version_id = ANY (CAST(:own AS bigint[])))
  OR EXISTS (
    SELECT FROM report_log l WHERE l.report_id = r.id AND (
      l.facts -> 'set' -> 'department_id' = to_jsonb(CAST(:department_id AS bigint))
      OR l.facts -> 'set' -> 'assist_ids' @> to_jsonb(CAST(:department_id AS bigint))
      OR l.facts -> 'set' -> 'called_ids' @> to_jsonb(CAST(:department_id AS bigint)))))
ORDER BY r.id
