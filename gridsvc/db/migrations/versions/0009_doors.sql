-- The register of doors, visits with their circumstances, campaigns with their frozen lists and counts.

-- Classes of households with their cycle of visits; a sensitive one is switched on by hand.
CREATE TABLE household_class (
    code TEXT COLLATE "C" NOT NULL,
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    cycle_days INTEGER,
    sensitive BOOLEAN DEFAULT false NOT NULL,
    active BOOLEAN DEFAULT true NOT NULL,
    CONSTRAINT household_class_pkey PRIMARY KEY (code),
    CONSTRAINT household_class_cycle_days_check CHECK (cycle_days > 0)
);

INSERT INTO household_class (code, name_zh, name_en, cycle_days, sensitive, active) VALUES
    ('ordinary', '普通家庭', 'ordinary household', 182, false, true),
    ('cared_for', '重点关爱家庭', 'cared-for household', 30, false, true),
    ('in_need', '困难家庭', 'family in need', 30, false, true),
    ('floating', '流动人口家庭', 'floating household', 30, false, true),
    ('living_alone', '空巢老人家庭', 'elderly living alone', 30, false, true),
    ('correction', '社区矫正对象家庭', 'household under community correction', 30, true, false),
    ('business', '商户企业', 'shop or firm', 365, false, true);

ALTER TABLE household
    ALTER COLUMN compound_id DROP NOT NULL,
    ADD COLUMN kind TEXT DEFAULT 'household' NOT NULL,
    ADD COLUMN community_id BIGINT,
    ADD COLUMN tag TEXT COLLATE "C" DEFAULT '' NOT NULL,
    ADD COLUMN name TEXT,
    ADD COLUMN class_code TEXT COLLATE "C" DEFAULT 'ordinary' NOT NULL,
    ADD COLUMN position_source TEXT DEFAULT 'building' NOT NULL,
    ADD COLUMN n_people INTEGER,
    ADD COLUMN registered_elsewhere BOOLEAN DEFAULT false NOT NULL,
    ADD COLUMN contact_name TEXT,
    ADD COLUMN contact_phone TEXT,
    ADD COLUMN source TEXT DEFAULT '' NOT NULL,
    ADD COLUMN registered_at TIMESTAMP WITH TIME ZONE DEFAULT '-infinity' NOT NULL,
    ADD COLUMN removed_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN reached_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN excluded TEXT,
    DROP CONSTRAINT household_compound_id_building_unit_room_key,
    ADD CONSTRAINT household_key UNIQUE NULLS NOT DISTINCT
        (compound_id, building, unit, room, community_id, kind, tag),
    ADD CONSTRAINT household_kind_check CHECK (kind IN ('household', 'shop', 'firm')),
    ADD CONSTRAINT household_position_source_check CHECK (position_source IN ('door', 'building', 'compound')),
    ADD CONSTRAINT household_excluded_check CHECK (excluded IN ('vacant', 'not_eligible')),
    ADD CONSTRAINT household_n_people_check CHECK (n_people >= 0),
    ADD CONSTRAINT household_community_id_fkey FOREIGN KEY(community_id) REFERENCES area (id),
    ADD CONSTRAINT household_class_code_fkey FOREIGN KEY(class_code) REFERENCES household_class (code);

CREATE INDEX household_community_id_idx ON household (community_id);

-- The instants and codes above hold for rows from before; each later row says its own.
ALTER TABLE household
    ALTER COLUMN registered_at DROP DEFAULT;

ALTER TABLE visit
    ADD COLUMN account_id BIGINT,
    ADD COLUMN mode TEXT DEFAULT 'door' NOT NULL,
    ADD COLUMN n_met SMALLINT DEFAULT 0 NOT NULL,
    ADD COLUMN x DOUBLE PRECISION,
    ADD COLUMN y DOUBLE PRECISION,
    ADD COLUMN crs TEXT,
    ADD COLUMN geom geometry(POINT,4326),
    ADD COLUMN accuracy_m DOUBLE PRECISION,
    ADD COLUMN distance_m DOUBLE PRECISION,
    ADD COLUMN far BOOLEAN DEFAULT false NOT NULL,
    ADD COLUMN late BOOLEAN DEFAULT false NOT NULL,
    ADD COLUMN phone_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN needs TEXT,
    ADD COLUMN policies TEXT[] DEFAULT '{}' NOT NULL,
    ADD COLUMN answers JSONB,
    ADD COLUMN n_issued SMALLINT DEFAULT 0 NOT NULL,
    ADD COLUMN n_returned SMALLINT DEFAULT 0 NOT NULL,
    ADD COLUMN digest BYTEA,
    ADD COLUMN supersedes_id BIGINT,
    DROP CONSTRAINT visit_outcome_check,
    ADD CONSTRAINT visit_outcome_check CHECK (outcome IN
        ('reached', 'absent', 'refused', 'vacant', 'moved', 'not_found', 'not_eligible', 'withdrawn')),
    ADD CONSTRAINT visit_mode_check CHECK (mode IN ('door', 'phone', 'wechat', 'meeting')),
    ADD CONSTRAINT visit_counts_check CHECK (n_met >= 0 AND n_issued >= 0 AND n_returned >= 0),
    ADD CONSTRAINT visit_position_check CHECK ((x IS NULL) = (y IS NULL) AND (x IS NULL) = (crs IS NULL)),
    ADD CONSTRAINT visit_withdrawn_check CHECK (outcome <> 'withdrawn' OR supersedes_id IS NOT NULL),
    ADD CONSTRAINT visit_supersedes_id_key UNIQUE (supersedes_id),
    ADD CONSTRAINT visit_account_id_fkey FOREIGN KEY(account_id) REFERENCES account (id),
    ADD CONSTRAINT visit_supersedes_id_fkey FOREIGN KEY(supersedes_id) REFERENCES visit (id);

CREATE INDEX visit_worker_id_happened_at_idx ON visit (worker_id, happened_at);

-- Problems that were handed to the case loop at the door.
CREATE TABLE visit_report (
    visit_id BIGINT NOT NULL,
    report_id BIGINT NOT NULL,
    CONSTRAINT visit_report_pkey PRIMARY KEY (visit_id, report_id),
    CONSTRAINT visit_report_visit_id_fkey FOREIGN KEY(visit_id) REFERENCES visit (id),
    CONSTRAINT visit_report_report_id_fkey FOREIGN KEY(report_id) REFERENCES report (id)
);

CREATE INDEX visit_report_report_id_idx ON visit_report (report_id);

-- A door that leaves the denominator, and who confirmed it: a second person, or a document.
CREATE TABLE household_exclusion (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    household_id BIGINT NOT NULL,
    reason TEXT NOT NULL,
    claimed_by BIGINT,
    claimed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    confirmed_by BIGINT NOT NULL,
    confirmed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    document TEXT,
    ended_at TIMESTAMP WITH TIME ZONE,
    ended_by BIGINT,
    CONSTRAINT household_exclusion_pkey PRIMARY KEY (id),
    CONSTRAINT household_exclusion_reason_check CHECK (reason IN ('vacant', 'not_eligible')),
    CONSTRAINT household_exclusion_second_check CHECK (document IS NOT NULL OR claimed_by <> confirmed_by),
    CONSTRAINT household_exclusion_ended_check CHECK (ended_at >= confirmed_at),
    CONSTRAINT household_exclusion_household_id_fkey FOREIGN KEY(household_id) REFERENCES household (id),
    CONSTRAINT household_exclusion_claimed_by_fkey FOREIGN KEY(claimed_by) REFERENCES account (id),
    CONSTRAINT household_exclusion_confirmed_by_fkey FOREIGN KEY(confirmed_by) REFERENCES account (id),
    CONSTRAINT household_exclusion_ended_by_fkey FOREIGN KEY(ended_by) REFERENCES account (id)
);

CREATE INDEX household_exclusion_household_id_idx ON household_exclusion (household_id);

CREATE UNIQUE INDEX household_exclusion_open_key ON household_exclusion (household_id) WHERE ended_at IS NULL;

CREATE TABLE campaign (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    code TEXT COLLATE "C" NOT NULL,
    name TEXT NOT NULL,
    state TEXT DEFAULT 'draft' NOT NULL,
    kinds TEXT[] NOT NULL,
    class_codes TEXT[],
    area_ids BIGINT[] DEFAULT '{}' NOT NULL,
    starts_on DATE NOT NULL,
    ends_on DATE NOT NULL,
    starts_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
    n_times SMALLINT DEFAULT 1 NOT NULL,
    modes TEXT[] DEFAULT '{door}' NOT NULL,
    by_whom TEXT DEFAULT '' NOT NULL,
    questions TEXT[] DEFAULT '{}' NOT NULL,
    n_issued INTEGER DEFAULT 0 NOT NULL,
    n_returned INTEGER DEFAULT 0 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    created_by BIGINT,
    drawn_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT campaign_pkey PRIMARY KEY (id),
    CONSTRAINT campaign_code_key UNIQUE (code),
    CONSTRAINT campaign_state_check CHECK (state IN ('draft', 'running', 'ended')),
    CONSTRAINT campaign_kinds_check CHECK (kinds <@ '{household,shop,firm}' AND kinds <> '{}'),
    CONSTRAINT campaign_modes_check CHECK (modes <@ '{door,phone,wechat,meeting}' AND modes <> '{}'),
    CONSTRAINT campaign_days_check CHECK (starts_on <= ends_on AND starts_at < ends_at),
    CONSTRAINT campaign_counts_check CHECK (n_times > 0 AND n_issued >= 0 AND n_returned >= 0),
    CONSTRAINT campaign_drawn_check CHECK ((state = 'draft') = (drawn_at IS NULL)),
    CONSTRAINT campaign_created_by_fkey FOREIGN KEY(created_by) REFERENCES account (id)
);

-- The list that was drawn when the campaign began, and how each of its doors stands now.
CREATE TABLE campaign_door (
    campaign_id BIGINT NOT NULL,
    household_id BIGINT NOT NULL,
    targeted BOOLEAN NOT NULL,
    status TEXT DEFAULT 'not_visited' NOT NULL,
    n_visits INTEGER DEFAULT 0 NOT NULL,
    n_reached INTEGER DEFAULT 0 NOT NULL,
    n_met INTEGER DEFAULT 0 NOT NULL,
    most_met INTEGER DEFAULT 0 NOT NULL,
    reached_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT campaign_door_pkey PRIMARY KEY (campaign_id, household_id),
    CONSTRAINT campaign_door_status_check CHECK (status IN
        ('reached', 'absent', 'refused', 'vacant', 'moved', 'not_found', 'not_eligible', 'not_visited')),
    CONSTRAINT campaign_door_campaign_id_fkey FOREIGN KEY(campaign_id) REFERENCES campaign (id) ON DELETE CASCADE,
    CONSTRAINT campaign_door_household_id_fkey FOREIGN KEY(household_id) REFERENCES household (id)
);

CREATE INDEX campaign_door_household_id_idx ON campaign_door (household_id);

-- Counts of those doors, kept with each change: what a coverage by place or class adds up.
CREATE TABLE campaign_cell (
    campaign_id BIGINT NOT NULL,
    grid_version_id BIGINT,
    compound_id BIGINT,
    class_code TEXT COLLATE "C" NOT NULL,
    kind TEXT NOT NULL,
    enumerated INTEGER DEFAULT 0 NOT NULL,
    targeted INTEGER DEFAULT 0 NOT NULL,
    eligible INTEGER DEFAULT 0 NOT NULL,
    attempted INTEGER DEFAULT 0 NOT NULL,
    found INTEGER DEFAULT 0 NOT NULL,
    reached INTEGER DEFAULT 0 NOT NULL,
    reached_enumerated INTEGER DEFAULT 0 NOT NULL,
    completed INTEGER DEFAULT 0 NOT NULL,
    absent INTEGER DEFAULT 0 NOT NULL,
    refused INTEGER DEFAULT 0 NOT NULL,
    vacant INTEGER DEFAULT 0 NOT NULL,
    moved INTEGER DEFAULT 0 NOT NULL,
    not_found INTEGER DEFAULT 0 NOT NULL,
    not_eligible INTEGER DEFAULT 0 NOT NULL,
    not_visited INTEGER DEFAULT 0 NOT NULL,
    removed INTEGER DEFAULT 0 NOT NULL,
    n_visits INTEGER DEFAULT 0 NOT NULL,
    n_met INTEGER DEFAULT 0 NOT NULL,
    most_met INTEGER DEFAULT 0 NOT NULL,
    CONSTRAINT campaign_cell_key UNIQUE NULLS NOT DISTINCT
        (campaign_id, grid_version_id, compound_id, class_code, kind),
    CONSTRAINT campaign_cell_campaign_id_fkey FOREIGN KEY(campaign_id) REFERENCES campaign (id) ON DELETE CASCADE,
    CONSTRAINT campaign_cell_grid_version_id_fkey FOREIGN KEY(grid_version_id) REFERENCES grid_version (id),
    CONSTRAINT campaign_cell_compound_id_fkey FOREIGN KEY(compound_id) REFERENCES compound (id)
);

CREATE TABLE saved_query (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    account_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    query TEXT NOT NULL,
    saved_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT saved_query_pkey PRIMARY KEY (id),
    CONSTRAINT saved_query_account_id_name_key UNIQUE (account_id, name),
    CONSTRAINT saved_query_account_id_fkey FOREIGN KEY(account_id) REFERENCES account (id) ON DELETE CASCADE
);
