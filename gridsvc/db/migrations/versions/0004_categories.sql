-- Category sheets in versions, their filing conditions and limits, taxonomies and how they map.

ALTER TABLE category
    ADD COLUMN taxonomy TEXT DEFAULT 'local' NOT NULL,
    ADD COLUMN kind TEXT,
    ADD COLUMN parent_code TEXT COLLATE "C",
    ADD COLUMN active BOOLEAN DEFAULT true NOT NULL,
    ADD COLUMN dup_radius_m DOUBLE PRECISION,
    ADD COLUMN dup_days INTEGER,
    ADD CONSTRAINT category_kind_check CHECK (kind IN ('part', 'event')),
    ADD CONSTRAINT category_parent_check CHECK (parent_code <> code),
    ADD CONSTRAINT category_dup_radius_m_check CHECK (dup_radius_m > 0),
    ADD CONSTRAINT category_dup_days_check CHECK (dup_days > 0),
    ADD CONSTRAINT category_code_taxonomy_key UNIQUE (code, taxonomy),
    ADD CONSTRAINT category_parent_code_fkey FOREIGN KEY(parent_code) REFERENCES category (code);

CREATE INDEX category_parent_code_idx ON category (parent_code) WHERE parent_code IS NOT NULL;

-- One version of the sheet of one kind: parts and events are renewed apart.
CREATE TABLE category_sheet (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    kind TEXT NOT NULL,
    version INTEGER NOT NULL,
    current BOOLEAN NOT NULL,
    name TEXT NOT NULL,
    file TEXT NOT NULL,
    day_means TEXT,
    imported_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT category_sheet_pkey PRIMARY KEY (id),
    CONSTRAINT category_sheet_kind_check CHECK (kind IN ('part', 'event')),
    CONSTRAINT category_sheet_day_means_check CHECK (day_means IN ('working', 'calendar')),
    CONSTRAINT category_sheet_kind_version_key UNIQUE (kind, version)
);

CREATE UNIQUE INDEX category_sheet_current_key ON category_sheet (kind) WHERE current;

-- A filing condition as one version of the sheet has it. A report keeps the one it was filed under, so none changes.
CREATE TABLE category_condition (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    sheet_id BIGINT NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    seq INTEGER NOT NULL,
    class_name TEXT NOT NULL,
    name TEXT NOT NULL,
    text TEXT NOT NULL,
    limit_raw TEXT,
    limit_problem TEXT,
    milestones JSONB NOT NULL,
    closing TEXT,
    supervisors TEXT[] NOT NULL,
    responsibles TEXT[] NOT NULL,
    legal_basis TEXT,
    clauses TEXT,
    notes TEXT,
    CONSTRAINT category_condition_pkey PRIMARY KEY (id),
    CONSTRAINT category_condition_limit_check CHECK ((limit_problem IS NULL) = (jsonb_array_length(milestones) > 0)),
    CONSTRAINT category_condition_code_sheet_id_seq_key UNIQUE (code, sheet_id, seq),
    CONSTRAINT category_condition_sheet_id_fkey FOREIGN KEY(sheet_id) REFERENCES category_sheet (id),
    CONSTRAINT category_condition_code_fkey FOREIGN KEY(code) REFERENCES category (code)
);

CREATE INDEX category_condition_sheet_id_idx ON category_condition (sheet_id);

CREATE FUNCTION category_condition_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'a filing condition of a stored sheet never changes' USING ERRCODE = 'restrict_violation'; END
$$;

CREATE TRIGGER category_condition_kept BEFORE UPDATE OR DELETE ON category_condition
FOR EACH ROW EXECUTE FUNCTION category_condition_kept();

-- What a category counts as in another taxonomy: one answer at most, so that nothing is counted twice there.
CREATE TABLE category_map (
    from_code TEXT COLLATE "C" NOT NULL,
    to_taxonomy TEXT NOT NULL,
    to_code TEXT COLLATE "C" NOT NULL,
    CONSTRAINT category_map_pkey PRIMARY KEY (from_code, to_taxonomy),
    CONSTRAINT category_map_from_code_fkey FOREIGN KEY(from_code) REFERENCES category (code),
    CONSTRAINT category_map_to_code_to_taxonomy_fkey FOREIGN KEY(to_code, to_taxonomy) REFERENCES category (code, taxonomy)
);

CREATE INDEX category_map_to_code_idx ON category_map (to_code);
