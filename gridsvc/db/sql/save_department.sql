-- Question: none; adds a department or changes the one with this code
-- Parameters: :code, :name, :area_code (null: of no single area), :active (null: as it is stored)
-- Columns: key, is_new; no row where nothing changed
-- Index: department_code_key
INSERT INTO department (code, name, area_id, active)
VALUES (:code, :name, (SELECT id FROM area WHERE code = CAST(:area_code AS text)), coalesce(CAST(:active AS boolean), true))
ON CONFLICT (code) DO UPDATE SET name = excluded.name, area_id = excluded.area_id,
  active = coalesce(CAST(:active AS boolean), department.active)
WHERE (department.name, department.area_id, department.active) IS DISTINCT FROM
  (excluded.name, excluded.area_id, coalesce(CAST(:active AS boolean), department.active))
RETURNING code AS key, xmax = 0 AS is_new
