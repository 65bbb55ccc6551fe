-- A phone on which somebody is logged in for weeks: a credential with a name that the person, or an admin, can take back.
-- The row outlives its credential, so that the phone can be told that it was taken back and did not just run out.
CREATE TABLE device (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    account_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    token_hash BYTEA NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT device_pkey PRIMARY KEY (id),
    CONSTRAINT device_account_id_fkey FOREIGN KEY(account_id) REFERENCES account (id) ON DELETE CASCADE,
    CONSTRAINT device_token_hash_key UNIQUE (token_hash),
    CONSTRAINT device_kind_check CHECK (kind IN ('session', 'bearer'))
);

CREATE INDEX device_account_id_idx ON device (account_id);

ALTER TABLE staff_log
    DROP CONSTRAINT staff_log_what_check,
    ADD CONSTRAINT staff_log_what_check CHECK (what IN ('account', 'area', 'token', 'duty', 'device'));

-- Whichever way a device's credential goes, taken back, logged out, with a new password or a shut account, it has ended.
CREATE OR REPLACE FUNCTION credential_logged() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE moved credential := coalesce(NEW, OLD); known device; at timestamptz; BEGIN
  SELECT * INTO known FROM device d WHERE d.token_hash = moved.token_hash; -- made before its credential
  IF known.id IS NULL AND moved.kind <> 'bearer' THEN RETURN NULL; END IF; -- the sessions of people come and go
  at := coalesce(CAST(nullif(current_setting('gridsvc.at', true), '') AS timestamptz), now()); -- as in log_staff
  IF TG_OP = 'DELETE' AND known.id IS NOT NULL THEN
    UPDATE device SET ended_at = at WHERE id = known.id AND ended_at IS NULL; END IF; -- when it was taken away
  PERFORM log_staff(CASE WHEN known.id IS NULL THEN 'token' ELSE 'device' END,
    coalesce((SELECT a.login FROM account a WHERE a.id = moved.account_id), CAST(moved.account_id AS text)),
    CASE TG_OP WHEN 'INSERT' THEN 'add' ELSE 'end' END,
    jsonb_build_object('label', CASE TG_OP WHEN 'INSERT' THEN jsonb_build_array(NULL, coalesce(known.name, moved.label))
      ELSE jsonb_build_array(coalesce(known.name, moved.label), NULL) END)); RETURN NULL; END
$$;

-- A voice note: kept as it was sent, its file named by its hash.
CREATE TABLE voice (
    sha256 BYTEA NOT NULL,
    media_type TEXT NOT NULL,
    n_bytes INTEGER NOT NULL,
    duration_s DOUBLE PRECISION,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    sender_id BIGINT NOT NULL,
    CONSTRAINT voice_pkey PRIMARY KEY (sha256),
    CONSTRAINT voice_sender_id_fkey FOREIGN KEY(sender_id) REFERENCES account (id),
    CONSTRAINT voice_sizes_check CHECK (octet_length(sha256) = 32 AND n_bytes > 0 AND duration_s >= 0),
    CONSTRAINT voice_media_type_check CHECK (media_type IN ('audio/webm', 'audio/ogg', 'audio/mp4', 'audio/wav'))
);

CREATE INDEX voice_received_at_idx ON voice (received_at);

CREATE TABLE report_voice (
    report_id BIGINT NOT NULL,
    sha256 BYTEA NOT NULL,
    sender_id BIGINT NOT NULL,
    CONSTRAINT report_voice_pkey PRIMARY KEY (report_id, sha256),
    CONSTRAINT report_voice_report_id_fkey FOREIGN KEY(report_id) REFERENCES report (id),
    CONSTRAINT report_voice_sha256_fkey FOREIGN KEY(sha256) REFERENCES voice (sha256),
    CONSTRAINT report_voice_sender_id_fkey FOREIGN KEY(sender_id) REFERENCES account (id)
);

CREATE INDEX report_voice_sha256_idx ON report_voice (sha256);

-- As retire_photos: a deletion and its record are one, and the serving role can write no record by itself.
CREATE FUNCTION retire_voices(wanted bytea[], now_at timestamptz, in_batch uuid, by_rule text) RETURNS bigint
LANGUAGE sql SECURITY DEFINER
BEGIN ATOMIC WITH gone AS (DELETE FROM report_voice x WHERE x.sha256 = ANY (wanted) RETURNING x.report_id),
  recorded AS (INSERT INTO deletion_record (at, batch, report_id, what, rule)
    SELECT now_at, in_batch, g.report_id, 'voice', by_rule FROM gone g RETURNING report_id)
  SELECT count(*) FROM recorded; END;
