-- Question: none; stores the new ones of the staged doors, in the grid that placed gives
-- Parameters: :source, :now (instant)
-- Columns: none
-- Index: none
INSERT INTO household (
  kind, community_id, compound_id, building, unit, room, tag, name, class_code, geom, position_source, grid_version_id,
  n_people, registered_elsewhere, contact_name, contact_phone, source, registered_at)
SELECT f.kind, f.community_id, f.compound_id, f.building, f.unit, f.room, f.tag, f.name,
  coalesce(f.class_code, default_class(f.kind)),
  ST_SetSRID(ST_MakePoint(f.lon, f.lat), 4326), f.position_source, w.grid_version_id, f.n_people,
  coalesce(f.registered_elsewhere, false), f.contact_name, f.contact_phone, :source, :now
FROM door_found f
LEFT JOIN placed w ON w.id = f.row
WHERE f.known_id IS NULL
ORDER BY f.row
