-- The case loop: departments and what they answer for, the case of a report, its hash-chained log, who reported.

CREATE TABLE department (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    code TEXT COLLATE "C" NOT NULL,
    name TEXT NOT NULL,
    area_id BIGINT,
    active BOOLEAN DEFAULT true NOT NULL,
    CONSTRAINT department_pkey PRIMARY KEY (id),
    CONSTRAINT department_code_key UNIQUE (code),
    CONSTRAINT department_area_id_fkey FOREIGN KEY(area_id) REFERENCES area (id)
);

-- A line of a responsibility list. An empty category, area or level means every one; the most specific line wins.
CREATE TABLE responsibility (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    list TEXT NOT NULL,
    category TEXT COLLATE "C",
    area_id BIGINT,
    level TEXT,
    lead_id BIGINT NOT NULL,
    assist_ids BIGINT[] DEFAULT '{}' NOT NULL,
    source TEXT DEFAULT '' NOT NULL,
    CONSTRAINT responsibility_pkey PRIMARY KEY (id),
    CONSTRAINT responsibility_list_check CHECK (list IN ('basic', 'assist', 'taken_back')),
    CONSTRAINT responsibility_level_check CHECK (level IN ('grid', 'community', 'subdistrict', 'district', 'city')),
    CONSTRAINT responsibility_category_area_id_level_key UNIQUE NULLS NOT DISTINCT (category, area_id, level),
    CONSTRAINT responsibility_area_id_fkey FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT responsibility_lead_id_fkey FOREIGN KEY(lead_id) REFERENCES department (id)
);

-- How long a stage may last: for a category, or (empty) for all others.
CREATE TABLE stage_limit (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    stage TEXT NOT NULL,
    category TEXT COLLATE "C",
    amount NUMERIC NOT NULL,
    unit TEXT NOT NULL,
    CONSTRAINT stage_limit_pkey PRIMARY KEY (id),
    CONSTRAINT stage_limit_stage_check CHECK (stage IN ('dispatch', 'accept', 'dispose', 'check')),
    CONSTRAINT stage_limit_unit_check CHECK (unit IN ('urgent_hour', 'working_hour', 'working_day', 'calendar_hour', 'calendar_day')),
    CONSTRAINT stage_limit_amount_check CHECK (amount > 0),
    CONSTRAINT stage_limit_stage_category_key UNIQUE NULLS NOT DISTINCT (stage, category),
    CONSTRAINT stage_limit_category_fkey FOREIGN KEY(category) REFERENCES category (code)
);

ALTER TABLE account ADD COLUMN department_id BIGINT;

ALTER TABLE account ADD CONSTRAINT account_department_id_fkey FOREIGN KEY(department_id) REFERENCES department (id);

ALTER TABLE account DROP CONSTRAINT account_role_check;

ALTER TABLE account ADD CONSTRAINT account_role_check CHECK (role IN ('admin', 'planner', 'leader', 'dispatcher', 'manager', 'handler', 'checker', 'worker'));

ALTER TABLE report DROP CONSTRAINT report_state_check;

-- Every column below is written by one function alone and can be had again by replaying report_log.
ALTER TABLE report
    ADD COLUMN by_staff BOOLEAN DEFAULT false NOT NULL,
    ADD COLUMN condition_id BIGINT,
    ADD COLUMN department_id BIGINT,
    ADD COLUMN assist_ids BIGINT[],
    ADD COLUMN called_ids BIGINT[],
    ADD COLUMN routing TEXT,
    ADD COLUMN level TEXT,
    ADD COLUMN due_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN due_original_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN due_limit JSONB,
    ADD COLUMN milestones JSONB,
    ADD COLUMN stage TEXT,
    ADD COLUMN stage_due_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN verified TEXT,
    ADD COLUMN verified_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN filed_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN dispatched_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN accepted_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN interim_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN disposed_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN disposed_by BIGINT,
    ADD COLUMN checked_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN struck_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN suspended_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN suspended_until TIMESTAMP WITH TIME ZONE,
    ADD COLUMN n_suspensions SMALLINT DEFAULT 0 NOT NULL,
    ADD COLUMN waiting_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN extension_asked_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN n_extensions SMALLINT DEFAULT 0 NOT NULL,
    ADD COLUMN n_rework SMALLINT DEFAULT 0 NOT NULL,
    ADD COLUMN n_returns SMALLINT DEFAULT 0 NOT NULL,
    ADD COLUMN outcome TEXT,
    ADD COLUMN sampled BOOLEAN,
    ADD COLUMN card TEXT,
    ADD COLUMN escalated_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN parent_id BIGINT,
    ADD COLUMN answered_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN solved TEXT,
    ADD COLUMN satisfied TEXT,
    ADD COLUMN rated_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN again_of BIGINT,
    ADD COLUMN open BOOLEAN GENERATED ALWAYS AS (state IN ('reported', 'verified', 'filed', 'dispatched', 'disposed', 'checked')) STORED,
    ADD CONSTRAINT report_state_check CHECK (state IN ('reported', 'verified', 'filed', 'dispatched', 'disposed', 'checked', 'closed', 'struck_off', 'void', 'not_filed', 'merged')),
    ADD CONSTRAINT report_routing_check CHECK (routing IN ('list', 'fallback', 'consultation', 'by_hand', 'claim')),
    ADD CONSTRAINT report_level_check CHECK (level IN ('grid', 'community', 'subdistrict', 'district', 'city')),
    ADD CONSTRAINT report_stage_check CHECK (stage IN ('dispatch', 'accept', 'dispose', 'check')),
    ADD CONSTRAINT report_verified_check CHECK (verified IN ('exists', 'absent', 'unable')),
    ADD CONSTRAINT report_outcome_check CHECK (outcome IN ('on_spot', 'by_deadline', 'watched')),
    ADD CONSTRAINT report_card_check CHECK (card IN ('none', 'yellow', 'red')),
    ADD CONSTRAINT report_solved_check CHECK (solved IN ('solved', 'partly', 'not')),
    ADD CONSTRAINT report_satisfied_check CHECK (satisfied IN ('satisfied', 'basically', 'not')),
    ADD CONSTRAINT report_parent_check CHECK ((state = 'merged') = (parent_id IS NOT NULL) AND parent_id <> id),
    ADD CONSTRAINT report_condition_id_fkey FOREIGN KEY(condition_id) REFERENCES category_condition (id),
    ADD CONSTRAINT report_department_id_fkey FOREIGN KEY(department_id) REFERENCES department (id),
    ADD CONSTRAINT report_disposed_by_fkey FOREIGN KEY(disposed_by) REFERENCES account (id),
    ADD CONSTRAINT report_parent_id_fkey FOREIGN KEY(parent_id) REFERENCES report (id),
    ADD CONSTRAINT report_again_of_fkey FOREIGN KEY(again_of) REFERENCES report (id);

-- What waits for somebody's work is a small part of all that is stored, so its indexes hold only that.
CREATE INDEX report_open_due_idx ON report (due_at, id) WHERE open;

CREATE INDEX report_open_department_idx ON report (department_id, due_at) WHERE open;

CREATE INDEX report_closed_idx ON report (closed_at) WHERE state = 'closed';

CREATE INDEX report_parent_id_idx ON report (parent_id) WHERE parent_id IS NOT NULL;

-- The resident behind a report: only the hash of the link's secret, and what the person left of name and phone.
CREATE TABLE reporter (
    report_id BIGINT NOT NULL,
    secret_hash BYTEA,
    name TEXT,
    phone TEXT,
    address TEXT,
    CONSTRAINT reporter_pkey PRIMARY KEY (report_id),
    CONSTRAINT reporter_secret_hash_check CHECK (length(secret_hash) = 32),
    CONSTRAINT reporter_report_id_fkey FOREIGN KEY(report_id) REFERENCES report (id)
);

-- A department called by a whistle: when it came, and the score it got.
CREATE TABLE whistle_call (
    report_id BIGINT NOT NULL,
    seq INTEGER NOT NULL,
    department_id BIGINT NOT NULL,
    called_at TIMESTAMP WITH TIME ZONE NOT NULL,
    arrived_at TIMESTAMP WITH TIME ZONE,
    score SMALLINT,
    CONSTRAINT whistle_call_pkey PRIMARY KEY (report_id, seq, department_id),
    CONSTRAINT whistle_call_score_check CHECK (score BETWEEN 1 AND 5),
    CONSTRAINT whistle_call_report_id_fkey FOREIGN KEY(report_id) REFERENCES report (id),
    CONSTRAINT whistle_call_department_id_fkey FOREIGN KEY(department_id) REFERENCES department (id)
);

CREATE INDEX whistle_call_department_id_idx ON whistle_call (department_id);

-- A row's digest covers the row before it and its own fields; a note by a salted digest, so that its text can be blanked.
ALTER TABLE report_log
    ADD COLUMN note_salt BYTEA,
    ADD COLUMN note_digest BYTEA,
    ADD COLUMN digest BYTEA;

CREATE FUNCTION log_digest(before bytea, report_id bigint, seq integer, action text, from_state text, to_state text,
  actor_id bigint, at timestamptz, note_digest bytea, facts jsonb)
RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT sha256(coalesce($1, ''::bytea) || convert_to(
    ROW($2, $3, $4, $5, $6, $7, (extract(epoch FROM $8) * 1000000)::bigint, encode($9, 'hex'), $10)::text, 'UTF8'))
$$;

CREATE TABLE deletion_record (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    batch UUID NOT NULL,
    report_id BIGINT NOT NULL,
    seq INTEGER,
    what TEXT NOT NULL,
    rule TEXT NOT NULL,
    CONSTRAINT deletion_record_pkey PRIMARY KEY (id)
);

UPDATE report_log SET note_salt = uuid_send(gen_random_uuid()) WHERE note IS NOT NULL;

UPDATE report_log SET note_digest = sha256(note_salt || convert_to(note, 'UTF8')) WHERE note IS NOT NULL;

WITH RECURSIVE chain AS (
  SELECT l.report_id, l.seq, log_digest(NULL, l.report_id, l.seq, l.action, l.from_state, l.to_state, l.actor_id, l.at,
    l.note_digest, l.facts) AS digest
  FROM report_log l WHERE l.seq = 1
  UNION ALL
  SELECT l.report_id, l.seq, log_digest(c.digest, l.report_id, l.seq, l.action, l.from_state, l.to_state, l.actor_id, l.at,
    l.note_digest, l.facts)
  FROM chain c JOIN report_log l ON l.report_id = c.report_id AND l.seq = c.seq + 1
)
UPDATE report_log l SET digest = c.digest FROM chain c WHERE c.report_id = l.report_id AND c.seq = l.seq;

ALTER TABLE report_log ALTER COLUMN digest SET NOT NULL;

-- The versions of the grids that a reader sees: of the own areas with all below them, and of the own worker's duty.
CREATE FUNCTION seen_grids(area_ids bigint[], worker_id bigint) RETURNS SETOF bigint LANGUAGE sql STABLE AS $$
  WITH RECURSIVE seen AS (
    SELECT a.id FROM area a WHERE a.id = ANY ($1)
    UNION
    SELECT a.id FROM area a JOIN seen s ON a.parent_id = s.id
  )
  SELECT g.id FROM grid_version g WHERE g.area_id IN (SELECT s.id FROM seen s)
  UNION
  SELECT g.id FROM duty u JOIN grid_version g ON g.code = u.grid_code AND g.layer = u.layer WHERE u.worker_id = $2
$$;

-- Does a department take part in a report: as its lead, as an assistant, or called by a whistle?
CREATE FUNCTION takes_part(department_id bigint, lead_id bigint, assist_ids bigint[], called_ids bigint[])
RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT $1 IS NOT NULL AND (coalesce($2 = $1, false) OR coalesce($1 = ANY ($3), false) OR coalesce($1 = ANY ($4), false))
$$;
