-- Question: where does each staged door belong, which stored one is it, and does it say anything new?
-- Parameters: none
-- Columns: none; makes the temporary table door_found (known_id: the stored door, for an
--   entry that went the one that stays; alias: it is named by an entry that went; moved: its position is another one;
--   back: it was removed; said_community_id: what the row says of a stored door's community; of one that left the compound of
--   an entry that went, that entry's address says nothing)
-- Index: household_key
-- In a compound its levels are the key, whatever community it is counted to; on a street the community is part of it.
CREATE TEMP TABLE door_found ON COMMIT DROP AS
SELECT f.*, k.id AS known_id, coalesce(k1.same_as_id, k2.same_as_id) IS NOT NULL AS alias, k.removed_at IS NOT NULL AS back,
  CASE WHEN coalesce(k1.same_as_id, k2.same_as_id) IS NULL OR k.compound_id = f.compound_id THEN f.community_id
    END AS said_community_id,
  f.given AND k.id IS NOT NULL
    AND (ST_X(k.geom), ST_Y(k.geom), k.position_source) IS DISTINCT FROM (f.lon, f.lat, f.position_source) AS moved,
  k.id IS NOT NULL AND k.removed_at IS NULL
    AND (NOT f.given OR (ST_X(k.geom), ST_Y(k.geom), k.position_source) = (f.lon, f.lat, f.position_source))
    AND k.community_id IS NOT DISTINCT FROM coalesce(
      CASE WHEN coalesce(k1.same_as_id, k2.same_as_id) IS NULL OR k.compound_id = f.compound_id THEN f.community_id END, k.community_id)
    AND k.name IS NOT DISTINCT FROM coalesce(f.name, k.name) AND k.class_code = coalesce(f.class_code, k.class_code)
    AND k.n_people IS NOT DISTINCT FROM coalesce(f.n_people, k.n_people)
    AND k.registered_elsewhere = coalesce(f.registered_elsewhere, k.registered_elsewhere)
    AND k.contact_name IS NOT DISTINCT FROM coalesce(f.contact_name, k.contact_name)
    AND k.contact_phone IS NOT DISTINCT FROM coalesce(f.contact_phone, k.contact_phone) AS same
FROM (
  SELECT r.row, coalesce(h.compound_id, l.compound_id) AS compound_id, coalesce(h.community_id, l.community_id) AS community_id,
    r.building, r.unit, r.room, r.kind, coalesce(r.tag, '') AS tag, r.name, r.class_code, r.n_people, r.registered_elsewhere, r.contact_name,
    r.contact_phone, coalesce(r.lon, b.lon, h.lon) AS lon, coalesce(r.lat, b.lat, h.lat) AS lat,
    r.lon IS NOT NULL AS given, CASE WHEN r.lon IS NOT NULL THEN coalesce(r.position_source, 'door') WHEN b.lon IS NOT NULL THEN 'building' WHEN h.lon IS NOT NULL THEN 'compound'
      END AS position_source, r.odd, h.reason, h.said
  FROM door_row r
  JOIN door_home h ON h.nr = r.home
  LEFT JOIN door_held l ON l.row = r.row
  LEFT JOIN door_building b ON r.lon IS NULL AND b.compound_id = h.compound_id AND b.building = r.building
) f
LEFT JOIN household k1 ON k1.compound_id = f.compound_id AND k1.building = f.building AND k1.unit = f.unit
  AND k1.room = f.room AND k1.kind = f.kind AND k1.tag = f.tag
LEFT JOIN household k2 ON f.compound_id IS NULL AND k2.compound_id IS NULL AND k2.building = f.building AND k2.unit = f.unit
  AND k2.room = f.room AND k2.kind = f.kind AND k2.tag = f.tag AND k2.community_id IS NOT DISTINCT FROM f.community_id
LEFT JOIN household k ON k.id = coalesce(k1.same_as_id, k1.id, k2.same_as_id, k2.id)
