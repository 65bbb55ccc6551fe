-- Question: for which account may a reader take in what its phone could not send: one in use, of a worker with duty on a
--   grid that the reader sees, or whose areas the reader keeps all?
-- Parameters: :login (text), :all_areas (bool), :area_ids (bigint[]): the reader's
-- Columns: id, login, name, role, also_roles (text[]), worker_id, department_id, area_ids (bigint[]); one row, or none
-- Index: account_login_key
SELECT a.id, a.login, a.name, a.role, a.also_roles, a.worker_id, a.department_id,
  ARRAY(SELECT r.area_id FROM account_area r WHERE r.account_id = a.id ORDER BY r.area_id) AS area_ids
FROM account a
WHERE a.login = :login AND a.active AND (:all_areas OR (a.worker_id IS NOT NULL AND EXISTS (
  SELECT seen_grids(CAST('{}' AS bigint[]), a.worker_id)
  INTERSECT SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(NULL AS bigint)))))
