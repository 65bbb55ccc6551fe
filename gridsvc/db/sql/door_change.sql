-- Question: none; writes what the staged doors say differently; what they do not say stays, one that was removed is back
-- Parameters: none
-- Columns: none
-- Index: household_pkey
UPDATE household h
SET community_id = coalesce(f.said_community_id, h.community_id), name = coalesce(f.name, h.name),
  class_code = coalesce(f.class_code, h.class_code), n_people = coalesce(f.n_people, h.n_people),
  registered_elsewhere = coalesce(f.registered_elsewhere, h.registered_elsewhere),
  contact_name = coalesce(f.contact_name, h.contact_name), contact_phone = coalesce(f.contact_phone, h.contact_phone),
  geom = CASE WHEN f.moved THEN ST_SetSRID(ST_MakePoint(f.lon, f.lat), 4326) ELSE h.geom END,
  position_source = CASE WHEN f.moved THEN f.position_source ELSE h.position_source END,
  grid_version_id = CASE WHEN f.moved THEN w.grid_version_id ELSE h.grid_version_id END, removed_at = NULL
FROM door_found f
LEFT JOIN placed w ON w.id = f.row
WHERE h.id = f.known_id AND NOT f.same
