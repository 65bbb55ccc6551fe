-- Question: which new doors of the staged ones look like another one, new or stored? Offered to a person, merged by nobody.
-- Parameters: :most (rows); :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which grids this reader sees
-- Columns: row, other_row (null: a stored one), other_id (null: a staged one), building, unit, room, other_building, other_unit,
--   other_room; by row
-- Index: household_key (by compound), household_community_id_idx
-- rules.addresses.near: alike in building and room, and in the unit or without it.
-- In every such pair one door is odd: a level is not its own skeleton, or the unit is missing. Where none is, nothing is
-- compared. `home` is the compound, or (less than zero) the community of a door in none; one without any level is like none.
WITH stored AS (
  SELECT * FROM household WHERE compound_id IN (SELECT compound_id FROM door_found WHERE known_id IS NULL)
  UNION ALL
  SELECT * FROM household
  WHERE compound_id IS NULL AND community_id IN (
    SELECT community_id FROM door_found WHERE known_id IS NULL AND compound_id IS NULL)
),
door AS (
  SELECT row, CAST(NULL AS bigint) AS id, coalesce(compound_id, -community_id) AS home, building, unit, room, kind, tag,
    known_id IS NULL AS new, odd
  FROM door_found
  WHERE (known_id IS NULL OR NOT same) AND (building, unit, room) <> ('无', '无', '无')
    AND (compound_id IS NOT NULL OR community_id IS NOT NULL)
  UNION ALL
  SELECT NULL, h.id, coalesce(h.compound_id, -h.community_id), h.building, h.unit, h.room, h.kind, h.tag, false,
    h.unit = '无' OR door_skeleton(h.building) <> h.building OR door_skeleton(h.unit) <> h.unit
      OR door_skeleton(h.room) <> h.room
  FROM stored h
  WHERE h.removed_at IS NULL AND (h.building, h.unit, h.room) <> ('无', '无', '无')
    AND (:all_areas OR h.grid_version_id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint))))
    AND NOT EXISTS (SELECT FROM door_found f WHERE f.known_id = h.id AND NOT f.same)
),
alike AS MATERIALIZED (
  SELECT DISTINCT home, kind, tag, door_skeleton(building) AS b, door_skeleton(room) AS r FROM door WHERE odd
),
picked AS MATERIALIZED (
  SELECT d.* FROM door d
  JOIN alike a ON a.home = d.home AND a.kind = d.kind AND a.tag = d.tag AND a.b = door_skeleton(d.building)
    AND a.r = door_skeleton(d.room)
  WHERE EXISTS (SELECT FROM alike)
)
SELECT n.row, o.row AS other_row, o.id AS other_id, n.building, n.unit, n.room, o.building AS other_building,
  o.unit AS other_unit, o.room AS other_room
FROM picked n
JOIN picked o ON o.home = n.home AND o.kind = n.kind AND o.tag = n.tag
  AND door_skeleton(o.building) = door_skeleton(n.building) AND door_skeleton(o.room) = door_skeleton(n.room)
  AND (o.building, o.unit, o.room) <> (n.building, n.unit, n.room)
  AND (door_skeleton(o.unit) = door_skeleton(n.unit) OR ('无' IN (o.unit, n.unit) AND n.room <> '无'))
WHERE n.new AND (o.row IS NULL OR NOT o.new OR o.row < n.row)
ORDER BY n.row, o.row, o.id
LIMIT :most
