-- Question: which registered doors of one compound, or of one community in no compound, look like one another (rules.addresses.near)?
-- Parameters: :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which grids this reader sees,
--   :grid (code or null), :compound_ids (bigint[] or null), :apart (bool: those that somebody said are two; else the
--   others), :n (pairs)
-- Columns: id, building, unit, room, other_id, other_building, other_unit, other_room, compound_id, compound (both null: in none), community,
--   kind, name, reason, said_at, said_by (the last three null unless apart); by id
-- Index: household_key, household_log_household_id_idx
WITH door AS (
  SELECT h.id, coalesce(h.compound_id, -h.community_id) AS home, h.compound_id, h.community_id, h.kind, h.tag, h.name, h.building, h.unit, h.room, door_skeleton(h.building) AS b,
    door_skeleton(h.unit) AS u, door_skeleton(h.room) AS r
  FROM household h
  WHERE h.removed_at IS NULL AND (h.compound_id IS NOT NULL OR h.community_id IS NOT NULL)
    AND (h.building, h.unit, h.room) <> ('无', '无', '无')  -- like none
    AND (CAST(:compound_ids AS bigint[]) IS NULL OR h.compound_id = ANY (:compound_ids))
    AND (CAST(:grid AS text) IS NULL OR h.grid_version_id IN (
      SELECT v.id FROM grid_version v WHERE v.code = :grid AND v.valid_from IS NOT NULL AND v.valid_to IS NULL))
    AND (:all_areas OR h.grid_version_id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint))))
),
alike AS (
  SELECT home, kind, tag, b, r FROM door GROUP BY 1, 2, 3, 4, 5
  HAVING count(*) > 1 AND (count(DISTINCT u) < count(*) OR bool_or(unit = '无'))
),
picked AS (
  SELECT d.* FROM door d JOIN alike USING (home, kind, tag, b, r)
)
SELECT n.id, n.building, n.unit, n.room, o.id AS other_id, o.building AS other_building, o.unit AS other_unit,
  o.room AS other_room, n.compound_id, k.name AS compound, y.name AS community, n.kind, n.name, s.reason, s.said_at, s.said_by
FROM picked n
JOIN picked o USING (home, kind, tag, b, r)
LEFT JOIN compound k ON k.id = n.compound_id
LEFT JOIN area y ON y.id = n.community_id
LEFT JOIN LATERAL (
  -- what was said last of these two stands in the logs of both
  SELECT l.action, l.note AS reason, l.at AS said_at, a.name AS said_by
  FROM household_log l LEFT JOIN account a ON a.id = l.account_id
  WHERE l.household_id = n.id AND l.other_id = o.id
  ORDER BY l.id DESC LIMIT 1
) s ON true
WHERE n.id < o.id AND (n.u = o.u OR ('无' IN (n.unit, o.unit) AND n.room <> '无'))
  AND (coalesce(s.action, '') = 'apart') = :apart
ORDER BY n.id, o.id
LIMIT :n
