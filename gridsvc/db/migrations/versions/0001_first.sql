-- The first schema. No statement names a schema: the search path of the migration decides where the tables go.

CREATE SEQUENCE report_number_seq;

CREATE TABLE area (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    level TEXT NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    name TEXT NOT NULL,
    parent_id BIGINT,
    geom geometry(MULTIPOLYGON,4326),
    CONSTRAINT area_pkey PRIMARY KEY (id),
    CONSTRAINT area_level_check CHECK (level IN ('city', 'district', 'subdistrict', 'community')),
    CONSTRAINT area_geom_check CHECK (ST_IsValid(geom)),
    CONSTRAINT area_code_key UNIQUE (code),
    CONSTRAINT area_parent_id_fkey FOREIGN KEY(parent_id) REFERENCES area (id)
);

CREATE INDEX area_geom_idx ON area USING gist (geom);

CREATE INDEX area_parent_id_idx ON area (parent_id);

CREATE TABLE basemap (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    source TEXT NOT NULL,
    kind TEXT NOT NULL,
    class TEXT,
    name TEXT,
    geom geometry(GEOMETRY,4326) NOT NULL,
    CONSTRAINT basemap_pkey PRIMARY KEY (id),
    CONSTRAINT basemap_kind_check CHECK (kind IN ('road', 'building', 'water')),
    CONSTRAINT basemap_geom_check CHECK (ST_IsValid(geom))
);

CREATE INDEX basemap_geom_idx ON basemap USING gist (geom);

CREATE TABLE category (
    code TEXT COLLATE "C" NOT NULL,
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    CONSTRAINT category_pkey PRIMARY KEY (code)
);

CREATE TABLE compound (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    source TEXT NOT NULL,
    ref TEXT COLLATE "C" NOT NULL,
    name TEXT NOT NULL,
    aliases TEXT[] DEFAULT '{}' NOT NULL,
    n_households INTEGER,
    n_buildings INTEGER,
    managed BOOLEAN,
    geom geometry(GEOMETRY,4326) NOT NULL,
    CONSTRAINT compound_pkey PRIMARY KEY (id),
    CONSTRAINT compound_source_ref_key UNIQUE (source, ref),
    CONSTRAINT compound_geom_check CHECK (ST_IsValid(geom)),
    CONSTRAINT compound_geom_type_check CHECK (GeometryType(geom) IN ('POINT', 'POLYGON', 'MULTIPOLYGON')),
    CONSTRAINT compound_counts_check CHECK (n_households >= 0 AND n_buildings >= 0)
);

CREATE INDEX compound_geom_idx ON compound USING gist (geom);

CREATE TABLE edition (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    layer TEXT NOT NULL,
    state TEXT DEFAULT 'draft' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    published_at TIMESTAMP WITH TIME ZONE,
    retired_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT edition_pkey PRIMARY KEY (id),
    CONSTRAINT edition_layer_check CHECK (layer IN ('base', 'dedicated')),
    CONSTRAINT edition_state_check CHECK (state IN ('draft', 'published', 'retired'))
);

CREATE UNIQUE INDEX edition_draft_key ON edition (layer) WHERE state = 'draft';

CREATE UNIQUE INDEX edition_published_key ON edition (layer) WHERE state = 'published';

CREATE TABLE worker (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    code TEXT COLLATE "C" NOT NULL,
    name TEXT NOT NULL,
    active BOOLEAN DEFAULT true NOT NULL,
    CONSTRAINT worker_pkey PRIMARY KEY (id),
    CONSTRAINT worker_code_key UNIQUE (code)
);

CREATE TABLE account (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    login TEXT COLLATE "C" NOT NULL,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    role TEXT NOT NULL,
    worker_id BIGINT,
    demo BOOLEAN DEFAULT false NOT NULL,
    active BOOLEAN DEFAULT true NOT NULL,
    n_failed INTEGER DEFAULT '0' NOT NULL,
    locked_until TIMESTAMP WITH TIME ZONE,
    CONSTRAINT account_pkey PRIMARY KEY (id),
    CONSTRAINT account_role_check CHECK (role IN ('admin', 'planner', 'manager', 'worker')),
    CONSTRAINT account_login_key UNIQUE (login),
    CONSTRAINT account_worker_id_fkey FOREIGN KEY(worker_id) REFERENCES worker (id)
);

CREATE TABLE compound_name (
    compound_id BIGINT NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    CONSTRAINT compound_name_pkey PRIMARY KEY (compound_id, key),
    CONSTRAINT compound_name_compound_id_fkey FOREIGN KEY(compound_id) REFERENCES compound (id) ON DELETE CASCADE
);

CREATE INDEX compound_name_key_idx ON compound_name (key);

CREATE TABLE duty (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    worker_id BIGINT NOT NULL,
    layer TEXT NOT NULL,
    grid_code TEXT COLLATE "C" NOT NULL,
    kind TEXT NOT NULL,
    weekdays SMALLINT[],
    starts TIME WITHOUT TIME ZONE,
    ends TIME WITHOUT TIME ZONE,
    CONSTRAINT duty_pkey PRIMARY KEY (id),
    CONSTRAINT duty_layer_check CHECK (layer IN ('base', 'dedicated')),
    CONSTRAINT duty_kind_check CHECK (kind IN ('main', 'deputy')),
    CONSTRAINT duty_grid_code_layer_worker_id_kind_key UNIQUE (grid_code, layer, worker_id, kind),
    CONSTRAINT duty_hours_check CHECK ((starts IS NULL) = (ends IS NULL) AND starts <> ends),
    CONSTRAINT duty_worker_id_fkey FOREIGN KEY(worker_id) REFERENCES worker (id)
);

CREATE TABLE grid_version (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    layer TEXT NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    name TEXT NOT NULL,
    area_id BIGINT,
    geom geometry(MULTIPOLYGON,4326) NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE,
    valid_to TIMESTAMP WITH TIME ZONE,
    CONSTRAINT grid_version_pkey PRIMARY KEY (id),
    CONSTRAINT grid_version_layer_check CHECK (layer IN ('base', 'dedicated')),
    CONSTRAINT grid_version_geom_check CHECK (ST_IsValid(geom)),
    CONSTRAINT grid_version_valid_check CHECK (valid_from < valid_to),
    CONSTRAINT grid_version_area_id_fkey FOREIGN KEY(area_id) REFERENCES area (id)
);

CREATE INDEX grid_version_area_id_idx ON grid_version (area_id);

CREATE INDEX grid_version_code_idx ON grid_version (code);

CREATE UNIQUE INDEX grid_version_current_key ON grid_version (layer, code) WHERE valid_from IS NOT NULL AND valid_to IS NULL;

CREATE UNIQUE INDEX grid_version_draft_key ON grid_version (layer, code) WHERE valid_from IS NULL;

CREATE INDEX grid_version_geom_idx ON grid_version USING gist (geom);

CREATE TABLE account_area (
    account_id BIGINT NOT NULL,
    area_id BIGINT NOT NULL,
    CONSTRAINT account_area_pkey PRIMARY KEY (account_id, area_id),
    CONSTRAINT account_area_account_id_fkey FOREIGN KEY(account_id) REFERENCES account (id) ON DELETE CASCADE,
    CONSTRAINT account_area_area_id_fkey FOREIGN KEY(area_id) REFERENCES area (id)
);

CREATE TABLE credential (
    token_hash BYTEA NOT NULL,
    kind TEXT NOT NULL,
    account_id BIGINT NOT NULL,
    label TEXT DEFAULT '' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT credential_pkey PRIMARY KEY (token_hash),
    CONSTRAINT credential_kind_check CHECK (kind IN ('session', 'bearer')),
    CONSTRAINT credential_account_id_fkey FOREIGN KEY(account_id) REFERENCES account (id) ON DELETE CASCADE
);

CREATE INDEX credential_account_id_idx ON credential (account_id);

CREATE TABLE edition_grid (
    edition_id BIGINT NOT NULL,
    grid_version_id BIGINT NOT NULL,
    CONSTRAINT edition_grid_pkey PRIMARY KEY (edition_id, grid_version_id),
    CONSTRAINT edition_grid_edition_id_fkey FOREIGN KEY(edition_id) REFERENCES edition (id) ON DELETE CASCADE,
    CONSTRAINT edition_grid_grid_version_id_fkey FOREIGN KEY(grid_version_id) REFERENCES grid_version (id)
);

CREATE INDEX edition_grid_grid_version_id_idx ON edition_grid (grid_version_id);

CREATE TABLE household (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    compound_id BIGINT NOT NULL,
    building TEXT NOT NULL,
    unit TEXT NOT NULL,
    room TEXT NOT NULL,
    geom geometry(POINT,4326) NOT NULL,
    grid_version_id BIGINT,
    CONSTRAINT household_pkey PRIMARY KEY (id),
    CONSTRAINT household_compound_id_building_unit_room_key UNIQUE (compound_id, building, unit, room),
    CONSTRAINT household_compound_id_fkey FOREIGN KEY(compound_id) REFERENCES compound (id),
    CONSTRAINT household_grid_version_id_fkey FOREIGN KEY(grid_version_id) REFERENCES grid_version (id)
);

CREATE INDEX household_geom_idx ON household USING gist (geom);

CREATE INDEX household_grid_version_id_idx ON household (grid_version_id);

CREATE TABLE report (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    source TEXT NOT NULL,
    number TEXT COLLATE "C" NOT NULL,
    repeat INTEGER DEFAULT '0' NOT NULL,
    source_row INTEGER,
    state TEXT NOT NULL,
    category TEXT COLLATE "C" NOT NULL,
    category_raw TEXT,
    description TEXT DEFAULT '' NOT NULL,
    channel TEXT NOT NULL,
    words TEXT,
    compound_id BIGINT,
    raw_x DOUBLE PRECISION,
    raw_y DOUBLE PRECISION,
    crs TEXT,
    geom geometry(POINT,4326),
    accuracy_m DOUBLE PRECISION,
    observed_at TIMESTAMP WITH TIME ZONE,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    day_only BOOLEAN DEFAULT false NOT NULL,
    closed_at TIMESTAMP WITH TIME ZONE,
    client_key UUID,
    body_hash BYTEA,
    sender_id BIGINT,
    CONSTRAINT report_pkey PRIMARY KEY (id),
    CONSTRAINT report_state_check CHECK (state IN ('reported', 'closed', 'void')),
    CONSTRAINT report_accuracy_m_check CHECK (accuracy_m >= 0),
    CONSTRAINT report_crs_check CHECK ((geom IS NULL) = (crs IS NULL)),
    CONSTRAINT report_geom_check CHECK (ST_X(geom) BETWEEN -180 AND 180 AND ST_Y(geom) BETWEEN -90 AND 90),
    CONSTRAINT report_source_number_repeat_key UNIQUE (source, number, repeat),
    CONSTRAINT report_category_fkey FOREIGN KEY(category) REFERENCES category (code),
    CONSTRAINT report_compound_id_fkey FOREIGN KEY(compound_id) REFERENCES compound (id),
    CONSTRAINT report_sender_id_fkey FOREIGN KEY(sender_id) REFERENCES account (id)
);

CREATE UNIQUE INDEX report_client_key_key ON report (client_key) WHERE client_key IS NOT NULL;

CREATE INDEX report_compound_id_idx ON report (compound_id) WHERE compound_id IS NOT NULL;

CREATE INDEX report_geom_idx ON report USING gist (geom);

CREATE INDEX report_received_at_id_idx ON report (received_at, id);

CREATE TABLE placement (
    report_id BIGINT NOT NULL,
    seq INTEGER NOT NULL,
    from_at TIMESTAMP WITH TIME ZONE NOT NULL,
    to_at TIMESTAMP WITH TIME ZONE,
    grid_version_id BIGINT,
    method TEXT NOT NULL,
    distance_m DOUBLE PRECISION,
    confidence DOUBLE PRECISION,
    runners_up JSONB,
    reason TEXT,
    worker_id BIGINT,
    duty TEXT,
    CONSTRAINT placement_pkey PRIMARY KEY (report_id, seq),
    CONSTRAINT placement_method_check CHECK (method IN ('covers', 'nearest', 'compound', 'manual', 'none')),
    CONSTRAINT placement_interval_check CHECK (to_at >= from_at),
    CONSTRAINT placement_grid_check CHECK ((method = 'none') = (grid_version_id IS NULL)),
    CONSTRAINT placement_confidence_check CHECK (confidence BETWEEN 0 AND 1),
    CONSTRAINT placement_duty_check CHECK (duty IN ('main', 'deputy', 'community', 'nobody')),
    CONSTRAINT placement_report_id_fkey FOREIGN KEY(report_id) REFERENCES report (id),
    CONSTRAINT placement_grid_version_id_fkey FOREIGN KEY(grid_version_id) REFERENCES grid_version (id),
    CONSTRAINT placement_worker_id_fkey FOREIGN KEY(worker_id) REFERENCES worker (id)
);

CREATE UNIQUE INDEX placement_current_key ON placement (report_id) WHERE to_at IS NULL;

CREATE INDEX placement_grid_idx ON placement (grid_version_id) WHERE to_at IS NULL;

CREATE TABLE report_log (
    report_id BIGINT NOT NULL,
    seq INTEGER NOT NULL,
    action TEXT NOT NULL,
    from_state TEXT,
    to_state TEXT NOT NULL,
    actor_id BIGINT,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    note TEXT,
    facts JSONB,
    CONSTRAINT report_log_pkey PRIMARY KEY (report_id, seq),
    CONSTRAINT report_log_report_id_fkey FOREIGN KEY(report_id) REFERENCES report (id),
    CONSTRAINT report_log_actor_id_fkey FOREIGN KEY(actor_id) REFERENCES account (id)
);

CREATE TABLE visit (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    client_key UUID NOT NULL,
    household_id BIGINT NOT NULL,
    worker_id BIGINT,
    outcome TEXT NOT NULL,
    happened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT visit_pkey PRIMARY KEY (id),
    CONSTRAINT visit_outcome_check CHECK (outcome IN ('reached', 'absent', 'refused', 'vacant', 'moved', 'not_found', 'not_eligible')),
    CONSTRAINT visit_client_key_key UNIQUE (client_key),
    CONSTRAINT visit_household_id_fkey FOREIGN KEY(household_id) REFERENCES household (id),
    CONSTRAINT visit_worker_id_fkey FOREIGN KEY(worker_id) REFERENCES worker (id)
);

CREATE INDEX visit_happened_at_idx ON visit (happened_at);

CREATE INDEX visit_household_id_happened_at_idx ON visit (household_id, happened_at);

-- A grid's current shape is found first by box, then by distance; planes larger than a page stay uncompressed, so that
-- the distance reads them without unpacking at every point.
ALTER TABLE grid_version ALTER COLUMN geom SET STORAGE EXTERNAL;

INSERT INTO category (code, name_zh, name_en) VALUES ('unclassified', '未分类', 'Unclassified');

-- Who is on duty in a grid at an instant: main, else deputy; the lowest worker code where two are. A shift over midnight
-- belongs to the weekday it starts on. Inlined by the planner,
-- so it serves one report and a million in a set statement alike. (Function bodies here end without a semicolon at a line's
-- end: the migration cuts statements there.)
CREATE FUNCTION on_duty(layer text, grid_code text, at timestamptz, zone text)
RETURNS TABLE (worker_id bigint, worker_name text, kind text) LANGUAGE sql STABLE AS $$
  SELECT w.id, w.name, d.kind
  FROM duty d
  JOIN worker w ON w.id = d.worker_id AND w.active
  WHERE d.grid_code = $2 AND d.layer = $1
    AND (d.weekdays IS NULL OR extract(isodow FROM ($3 AT TIME ZONE $4) - CASE
      WHEN d.starts > d.ends AND ($3 AT TIME ZONE $4)::time < d.ends THEN interval '1 day' ELSE interval '0' END)
      = ANY (d.weekdays))
    AND (d.starts IS NULL
      OR (d.starts <= d.ends AND ($3 AT TIME ZONE $4)::time >= d.starts AND ($3 AT TIME ZONE $4)::time < d.ends)
      OR (d.starts > d.ends AND (($3 AT TIME ZONE $4)::time >= d.starts OR ($3 AT TIME ZONE $4)::time < d.ends)))
  ORDER BY d.kind = 'deputy', w.code
  LIMIT 1
$$;
