-- What a phone kept while it had no signal: each action and each late photo once, and what changed since it last asked.

-- By the key that the phone made with its draft: what was done, or kept as a conflict, as which row of the report's log.
-- Reports and visits have their keys in their own tables.
CREATE TABLE sync_item (
    key UUID NOT NULL,
    account_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    digest BYTEA NOT NULL,
    status TEXT NOT NULL,
    report_id BIGINT NOT NULL,
    seq INTEGER NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT sync_item_pkey PRIMARY KEY (key),
    CONSTRAINT sync_item_kind_check CHECK (kind IN ('action', 'attach')),
    CONSTRAINT sync_item_status_check CHECK (status IN ('created', 'conflict')),
    CONSTRAINT sync_item_account_id_fkey FOREIGN KEY(account_id) REFERENCES account (id),
    CONSTRAINT sync_item_report_id_fkey FOREIGN KEY(report_id) REFERENCES report (id)
);

CREATE INDEX sync_item_report_id_idx ON sync_item (report_id);

-- The phone's own time where its clock was wrong, and its own fix where a person moved the pin.
ALTER TABLE report
    ADD COLUMN phone_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN measured_x DOUBLE PRECISION,
    ADD COLUMN measured_y DOUBLE PRECISION,
    ADD COLUMN measured_crs TEXT,
    ADD COLUMN measured_lon DOUBLE PRECISION,
    ADD COLUMN measured_lat DOUBLE PRECISION,
    ADD COLUMN measured_accuracy_m DOUBLE PRECISION,
    ADD CONSTRAINT report_measured_check CHECK (num_nulls(measured_x, measured_y, measured_crs, measured_lon, measured_lat)
        IN (0, 5) AND measured_lon BETWEEN -180 AND 180 AND measured_lat BETWEEN -90 AND 90 AND measured_accuracy_m >= 0);

-- As in the log of reports: which transaction wrote a visit. Visits of before have none, and need none.
ALTER TABLE visit ADD COLUMN xid BIGINT;

ALTER TABLE visit ALTER COLUMN xid SET DEFAULT pg_current_xact_id()::text::bigint;

CREATE INDEX visit_xid_idx ON visit USING brin (xid) WITH (autosummarize = on);

-- Doors that came, went or changed, with the grid each was in before and is in now; a statement that changes thousands
-- is one row without a door: then everything is read anew.
CREATE TABLE door_change (
    xid BIGINT DEFAULT pg_current_xact_id()::text::bigint NOT NULL,
    household_id BIGINT,
    before_id BIGINT,
    after_id BIGINT
);

CREATE INDEX door_change_xid_idx ON door_change USING brin (xid) WITH (autosummarize = on);

CREATE FUNCTION tell_doors_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN IF (SELECT count(*) FROM (SELECT FROM added LIMIT 1001) few) > 1000 THEN
  INSERT INTO door_change DEFAULT VALUES; ELSE
  INSERT INTO door_change (household_id, after_id) SELECT a.id, a.grid_version_id FROM added a; END IF; RETURN NULL; END
$$;

CREATE FUNCTION tell_doors_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN IF (SELECT count(*) FROM (SELECT FROM anew LIMIT 1001) few) > 1000 THEN
  INSERT INTO door_change DEFAULT VALUES; ELSE
  INSERT INTO door_change (household_id, before_id, after_id)
  SELECT n.id, o.grid_version_id, n.grid_version_id
  FROM anew n JOIN old o ON o.id = n.id
  WHERE (o.compound_id, o.building, o.unit, o.room, o.class_code, o.kind, o.geom, o.grid_version_id, o.removed_at,
      o.excluded) IS DISTINCT FROM (n.compound_id, n.building, n.unit, n.room, n.class_code, n.kind, n.geom,
      n.grid_version_id, n.removed_at, n.excluded); END IF; RETURN NULL; END
$$;

CREATE TRIGGER household_added AFTER INSERT ON household REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION tell_doors_added();

CREATE TRIGGER household_changed AFTER UPDATE ON household REFERENCING OLD TABLE AS old NEW TABLE AS anew
  FOR EACH STATEMENT EXECUTE FUNCTION tell_doors_changed();
