-- What a door was before it was changed, so that a figure as of an instant counts it as what it was then: a row for each
-- change of its class, kind, compound or position, none for its making. Nothing in it says who lives there.
CREATE TABLE household_was (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    household_id BIGINT NOT NULL,
    until_at TIMESTAMP WITH TIME ZONE NOT NULL,
    class_code TEXT COLLATE "C" NOT NULL,
    kind TEXT NOT NULL,
    compound_id BIGINT,
    geom geometry(POINT,4326) NOT NULL,
    CONSTRAINT household_was_pkey PRIMARY KEY (id),
    CONSTRAINT household_was_household_id_fkey FOREIGN KEY(household_id) REFERENCES household (id) ON DELETE CASCADE
);

CREATE INDEX household_was_household_id_idx ON household_was (household_id);

CREATE INDEX household_was_until_at_idx ON household_was (until_at);

-- The same of a campaign's days, modes and times once its list is drawn.
CREATE TABLE campaign_was (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    campaign_id BIGINT NOT NULL,
    until_at TIMESTAMP WITH TIME ZONE NOT NULL,
    starts_on DATE NOT NULL,
    ends_on DATE NOT NULL,
    starts_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
    n_times SMALLINT NOT NULL,
    modes TEXT[] NOT NULL,
    CONSTRAINT campaign_was_pkey PRIMARY KEY (id),
    CONSTRAINT campaign_was_campaign_id_fkey FOREIGN KEY(campaign_id) REFERENCES campaign (id) ON DELETE CASCADE
);

CREATE INDEX campaign_was_campaign_id_idx ON campaign_was (campaign_id);

-- From when on both are whole; null: from the first door on.
CREATE TABLE was_since (
    one BOOLEAN DEFAULT true NOT NULL,
    since TIMESTAMP WITH TIME ZONE,
    CONSTRAINT was_since_pkey PRIMARY KEY (one),
    CONSTRAINT was_since_one_check CHECK (one)
);

INSERT INTO was_since (since) SELECT CASE WHEN EXISTS (SELECT FROM household) OR EXISTS (SELECT FROM campaign) THEN now() END;

-- When is what the transaction was told (setting gridsvc.at, as in log_staff); else its begin.
CREATE FUNCTION keep_door() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO household_was (household_id, until_at, class_code, kind, compound_id, geom)
  VALUES (OLD.id, coalesce(CAST(nullif(current_setting('gridsvc.at', true), '') AS timestamptz), now()),
    OLD.class_code, OLD.kind, OLD.compound_id, OLD.geom); RETURN NULL; END
$$;

-- Of these columns alone, so that a visit, which writes others, does not come by.
CREATE TRIGGER household_was AFTER UPDATE OF class_code, kind, compound_id, geom ON household FOR EACH ROW
  WHEN ((OLD.class_code, OLD.kind, OLD.compound_id, OLD.geom)
    IS DISTINCT FROM (NEW.class_code, NEW.kind, NEW.compound_id, NEW.geom))
  EXECUTE FUNCTION keep_door();

CREATE FUNCTION keep_campaign() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO campaign_was (campaign_id, until_at, starts_on, ends_on, starts_at, ends_at, n_times, modes)
  VALUES (OLD.id, coalesce(CAST(nullif(current_setting('gridsvc.at', true), '') AS timestamptz), now()),
    OLD.starts_on, OLD.ends_on, OLD.starts_at, OLD.ends_at, OLD.n_times, OLD.modes); RETURN NULL; END
$$;

CREATE TRIGGER campaign_was AFTER UPDATE OF starts_on, ends_on, starts_at, ends_at, n_times, modes ON campaign FOR EACH ROW
  WHEN (OLD.drawn_at IS NOT NULL AND (OLD.starts_on, OLD.ends_on, OLD.starts_at, OLD.ends_at, OLD.n_times, OLD.modes)
    IS DISTINCT FROM (NEW.starts_on, NEW.ends_on, NEW.starts_at, NEW.ends_at, NEW.n_times, NEW.modes))
  EXECUTE FUNCTION keep_campaign();
