-- Residents: who has the same problem and joined a report, what staff released for the public, who was reported for.

-- Whoever has the secret of a row reads how the report gets on, as its sender does, but nothing that the sender said.
CREATE TABLE joined (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    report_id BIGINT NOT NULL,
    client_key UUID NOT NULL,
    secret_hash BYTEA,
    phone TEXT,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT joined_pkey PRIMARY KEY (id),
    CONSTRAINT joined_report_id_fkey FOREIGN KEY(report_id) REFERENCES report (id),
    CONSTRAINT joined_client_key_key UNIQUE (client_key),
    CONSTRAINT joined_secret_hash_check CHECK (length(secret_hash) = 32)
);

CREATE INDEX joined_report_id_idx ON joined (report_id);

-- What the public may see of a report beside category, state, day and a rough place: photos, and words as staff wrote
-- them. What has no row here is held.
CREATE TABLE released (
    report_id BIGINT NOT NULL,
    sha256 BYTEA,
    words TEXT,
    shown BOOLEAN NOT NULL,
    actor_id BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT released_report_id_fkey FOREIGN KEY(report_id) REFERENCES report (id),
    CONSTRAINT released_sha256_fkey FOREIGN KEY(sha256) REFERENCES photo (sha256) ON DELETE CASCADE,
    CONSTRAINT released_actor_id_fkey FOREIGN KEY(actor_id) REFERENCES account (id),
    CONSTRAINT released_what_check CHECK ((sha256 IS NULL) = (words IS NOT NULL)),
    CONSTRAINT released_report_id_sha256_key UNIQUE NULLS NOT DISTINCT (report_id, sha256)
);

CREATE INDEX released_sha256_idx ON released (sha256) WHERE sha256 IS NOT NULL;

-- What signs the proofs of residents' browsers and the names of reports that may be joined; the one row of this schema.
CREATE TABLE resident_key (
    key BYTEA DEFAULT decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex') NOT NULL,
    CONSTRAINT resident_key_pkey PRIMARY KEY (key)
);

INSERT INTO resident_key DEFAULT VALUES;

-- Where somebody reported for somebody else: that person, and who of the two is told.
ALTER TABLE reporter
    ADD COLUMN for_name TEXT,
    ADD COLUMN for_phone TEXT,
    ADD COLUMN tell TEXT,
    ADD CONSTRAINT reporter_tell_check CHECK (tell IN ('reporter', 'concerned', 'both'));
