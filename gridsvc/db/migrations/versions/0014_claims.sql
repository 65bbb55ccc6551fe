-- How often a resident was asked; which reports a department may take on by itself.

-- What was asked before is not counted: a log has to tell the stored case.
ALTER TABLE report ADD COLUMN n_asked SMALLINT DEFAULT 0 NOT NULL;

-- The categories that some responsibility list names a department for, wherever and at whatever level.
CREATE FUNCTION claimed_categories(department_id bigint) RETURNS SETOF text LANGUAGE sql STABLE AS $$
  SELECT c.code FROM category c
  WHERE EXISTS (
    SELECT FROM responsibility s JOIN department d ON d.id = $1 AND d.active
    WHERE (s.lead_id = $1 OR $1 = ANY (s.assist_ids)) AND (s.category IS NULL OR starts_with(c.code, s.category))
  )
$$;

-- The grids of a department's own area; all of them where it has none.
CREATE FUNCTION claimed_grids(department_id bigint) RETURNS SETOF bigint LANGUAGE sql STABLE AS $$
  SELECT g.id FROM grid_version g
  WHERE EXISTS (SELECT FROM department d WHERE d.id = $1 AND d.area_id IS NULL)
  UNION ALL
  SELECT s FROM department d, seen_grids(ARRAY[d.area_id], NULL) AS s WHERE d.id = $1 AND d.area_id IS NOT NULL
$$;
