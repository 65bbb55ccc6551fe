-- Who took a visit in, where it came from a phone's file and not from the phone.
ALTER TABLE visit ADD COLUMN importer_id BIGINT;
ALTER TABLE visit ADD CONSTRAINT visit_importer_id_fkey FOREIGN KEY(importer_id) REFERENCES account (id);

-- Phones begin anew where very many doors changed in what they are told, not where very many rows were written.
CREATE OR REPLACE FUNCTION tell_doors_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN IF (SELECT count(*) FROM (
    SELECT FROM anew n JOIN old o ON o.id = n.id
    WHERE (o.compound_id, o.building, o.unit, o.room, o.class_code, o.kind, o.geom, o.grid_version_id, o.removed_at,
        o.excluded) IS DISTINCT FROM (n.compound_id, n.building, n.unit, n.room, n.class_code, n.kind, n.geom,
        n.grid_version_id, n.removed_at, n.excluded)
    LIMIT 1001) few) > 1000 THEN
  INSERT INTO door_change DEFAULT VALUES; ELSE
  INSERT INTO door_change (household_id, before_id, after_id)
  SELECT n.id, o.grid_version_id, n.grid_version_id
  FROM anew n JOIN old o ON o.id = n.id
  WHERE (o.compound_id, o.building, o.unit, o.room, o.class_code, o.kind, o.geom, o.grid_version_id, o.removed_at,
      o.excluded) IS DISTINCT FROM (n.compound_id, n.building, n.unit, n.room, n.class_code, n.kind, n.geom,
      n.grid_version_id, n.removed_at, n.excluded); END IF; RETURN NULL; END
$$;
