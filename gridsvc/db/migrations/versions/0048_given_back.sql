-- What two entries of a door were said to be is taken back: one is back on the register (returned), the other gave it back.
ALTER TABLE household_log DROP CONSTRAINT household_log_action_check;

ALTER TABLE household_log ADD CONSTRAINT household_log_action_check
    CHECK (action IN ('added', 'changed', 'removed', 'restored', 'unmasked', 'apart', 'alike', 'kept', 'merged', 'gave_back', 'returned'));

ALTER TABLE household_log DROP CONSTRAINT household_log_other_check;

ALTER TABLE household_log ADD CONSTRAINT household_log_other_check
    CHECK ((action IN ('apart', 'alike', 'kept', 'merged', 'gave_back', 'returned')) = (other_id IS NOT NULL));

DROP INDEX household_log_restored_idx;

-- Doors that came back to the register, either way.
CREATE INDEX household_log_restored_idx ON household_log (at) WHERE action IN ('restored', 'returned');

-- An entry may leave a list for another one more than once.
ALTER TABLE campaign_door_before DROP CONSTRAINT campaign_door_before_pkey;

ALTER TABLE campaign_door_before
    ADD CONSTRAINT campaign_door_before_pkey PRIMARY KEY (campaign_id, household_id, until_at);

-- As before, but ends at once where a statement changed no door: most visits do not.
CREATE OR REPLACE FUNCTION tell_doors_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN IF NOT EXISTS (SELECT FROM anew) THEN RETURN NULL; END IF; IF (SELECT count(*) FROM (
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
