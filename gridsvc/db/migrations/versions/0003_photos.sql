-- Photos: what was sent, what is kept, which report shows it, what was blacked out.

-- Which folder of files belongs to this schema: cleaning another county's folder would empty it.
CREATE TABLE photo_folder (
    token UUID DEFAULT gen_random_uuid() NOT NULL,
    CONSTRAINT photo_folder_pkey PRIMARY KEY (token)
);

INSERT INTO photo_folder DEFAULT VALUES;

CREATE TABLE photo (
    sha256 BYTEA NOT NULL,
    file_sha256 BYTEA NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    n_bytes INTEGER NOT NULL,
    sent_format TEXT NOT NULL,
    sent_bytes INTEGER NOT NULL,
    geom geometry(POINT,4326),
    taken_at TIMESTAMP WITH TIME ZONE,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    sender_id BIGINT,
    CONSTRAINT photo_pkey PRIMARY KEY (sha256),
    CONSTRAINT photo_digests_check CHECK (octet_length(sha256) = 32 AND octet_length(file_sha256) = 32),
    CONSTRAINT photo_sizes_check CHECK (version > 0 AND width > 0 AND height > 0 AND n_bytes > 0 AND sent_bytes > 0),
    CONSTRAINT photo_sent_format_check CHECK (sent_format IN ('jpeg', 'png', 'webp', 'heif')),
    CONSTRAINT photo_geom_check CHECK (ST_X(geom) BETWEEN -180 AND 180 AND ST_Y(geom) BETWEEN -90 AND 90),
    CONSTRAINT photo_sender_id_fkey FOREIGN KEY(sender_id) REFERENCES account (id)
);

CREATE INDEX photo_file_sha256_idx ON photo (file_sha256);

CREATE INDEX photo_received_at_idx ON photo (received_at);

-- What was blacked out, and the file that showed it; removed_at: when that file was deleted.
CREATE TABLE photo_redaction (
    sha256 BYTEA NOT NULL,
    version INTEGER NOT NULL,
    before_sha256 BYTEA NOT NULL,
    boxes JSONB NOT NULL,
    reason TEXT NOT NULL,
    actor_id BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    removed_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT photo_redaction_pkey PRIMARY KEY (sha256, version),
    CONSTRAINT photo_redaction_version_check CHECK (version > 1),
    CONSTRAINT photo_redaction_sha256_fkey FOREIGN KEY(sha256) REFERENCES photo (sha256) ON DELETE CASCADE,
    CONSTRAINT photo_redaction_actor_id_fkey FOREIGN KEY(actor_id) REFERENCES account (id)
);

CREATE INDEX photo_redaction_before_sha256_idx ON photo_redaction (before_sha256);

-- Which photo an action on a report shows: seq is that of the report_log row, place counts from 0 within it.
CREATE TABLE report_photo (
    report_id BIGINT NOT NULL,
    seq INTEGER NOT NULL,
    sha256 BYTEA NOT NULL,
    place SMALLINT NOT NULL,
    kind TEXT NOT NULL,
    CONSTRAINT report_photo_pkey PRIMARY KEY (report_id, seq, sha256),
    CONSTRAINT report_photo_kind_check CHECK (kind IN ('near', 'far', 'reference', 'before', 'after')),
    CONSTRAINT report_photo_report_id_fkey FOREIGN KEY(report_id) REFERENCES report (id),
    CONSTRAINT report_photo_sha256_fkey FOREIGN KEY(sha256) REFERENCES photo (sha256)
);

CREATE INDEX report_photo_sha256_idx ON report_photo (sha256);
