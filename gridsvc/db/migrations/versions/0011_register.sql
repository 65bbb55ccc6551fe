-- What was done to a door and by whom, doors that look alike, deletions of what was kept about a door.

CREATE TABLE household_log (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    household_id BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    account_id BIGINT,
    action TEXT NOT NULL,
    note TEXT,
    fields TEXT[] DEFAULT '{}' NOT NULL,
    CONSTRAINT household_log_pkey PRIMARY KEY (id),
    CONSTRAINT household_log_action_check CHECK (action IN ('added', 'changed', 'removed', 'restored', 'unmasked')),
    CONSTRAINT household_log_household_id_fkey FOREIGN KEY(household_id) REFERENCES household (id),
    CONSTRAINT household_log_account_id_fkey FOREIGN KEY(account_id) REFERENCES account (id)
);

CREATE INDEX household_log_household_id_idx ON household_log (household_id);

-- rules.addresses.skeleton: a level of an address with what people mix up made alike.
CREATE FUNCTION door_skeleton(level text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN ltrim(translate(replace(upper(level), '号', ''), 'OIL', '011'), '0');

ALTER TABLE deletion_record
    ALTER COLUMN report_id DROP NOT NULL,
    ADD COLUMN household_id BIGINT,
    ADD CONSTRAINT deletion_record_of_check CHECK (report_id IS NOT NULL OR household_id IS NOT NULL);
