-- Doors that look alike and are two; the class of a door of which nothing else is said, once.

ALTER TABLE household_log ADD COLUMN other_id BIGINT;

ALTER TABLE household_log ADD CONSTRAINT household_log_other_id_fkey FOREIGN KEY (other_id) REFERENCES household (id);

ALTER TABLE household_log DROP CONSTRAINT household_log_action_check;

ALTER TABLE household_log ADD CONSTRAINT household_log_action_check
    CHECK (action IN ('added', 'changed', 'removed', 'restored', 'unmasked', 'apart', 'alike'));

ALTER TABLE household_log ADD CONSTRAINT household_log_other_check
    CHECK ((action IN ('apart', 'alike')) = (other_id IS NOT NULL));

CREATE INDEX household_log_other_id_idx ON household_log (other_id) WHERE other_id IS NOT NULL;

CREATE FUNCTION default_class(kind text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN CASE kind WHEN 'household' THEN 'ordinary' ELSE 'business' END;
