-- Every change of accounts, their areas and tokens, and of duty: who, when, what; a row for each, and none is ever changed.

CREATE TABLE staff_log (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    actor_id BIGINT,
    what TEXT NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    action TEXT NOT NULL,
    changes JSONB NOT NULL,
    CONSTRAINT staff_log_pkey PRIMARY KEY (id),
    CONSTRAINT staff_log_what_check CHECK (what IN ('account', 'area', 'token', 'duty')),
    CONSTRAINT staff_log_action_check CHECK (action IN ('add', 'change', 'end')),
    CONSTRAINT staff_log_actor_id_fkey FOREIGN KEY(actor_id) REFERENCES account (id)
);

CREATE INDEX staff_log_what_subject_idx ON staff_log (what, subject);

-- {field: [before, after]} of the fields that differ; an empty one counts as none.
CREATE FUNCTION changed_fields(before jsonb, after jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce((SELECT jsonb_object_agg(k.field, jsonb_build_array(before -> k.field, after -> k.field))
  FROM jsonb_object_keys(jsonb_strip_nulls(coalesce(before, '{}')) || jsonb_strip_nulls(coalesce(after, '{}'))) k (field)
  WHERE nullif(before -> k.field, 'null') IS DISTINCT FROM nullif(after -> k.field, 'null')), '{}');

-- Who and when are what the transaction was told (settings gridsvc.actor_id, gridsvc.at); else nobody known, and its begin.
CREATE FUNCTION log_staff(what text, subject text, action text, changes jsonb) RETURNS void
LANGUAGE sql
BEGIN ATOMIC INSERT INTO staff_log (at, actor_id, what, subject, action, changes)
  VALUES (coalesce(CAST(nullif(current_setting('gridsvc.at', true), '') AS timestamptz), now()),
    CAST(nullif(current_setting('gridsvc.actor_id', true), '') AS bigint), what, subject, action, changes); END;

CREATE FUNCTION account_logged() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE before jsonb; after jsonb; changes jsonb; BEGIN
  IF TG_OP <> 'INSERT' THEN before := jsonb_build_object('name', OLD.name, 'role', OLD.role, 'active', OLD.active,
    'worker', (SELECT w.code FROM worker w WHERE w.id = OLD.worker_id),
    'department', (SELECT d.code FROM department d WHERE d.id = OLD.department_id)); END IF; -- what a person may know of it
  IF TG_OP <> 'DELETE' THEN after := jsonb_build_object('name', NEW.name, 'role', NEW.role, 'active', NEW.active,
    'worker', (SELECT w.code FROM worker w WHERE w.id = NEW.worker_id),
    'department', (SELECT d.code FROM department d WHERE d.id = NEW.department_id)); END IF; -- the same afterwards
  changes := changed_fields(before, after); IF TG_OP = 'UPDATE' AND NEW.password_hash <> OLD.password_hash
    AND coalesce(current_setting('gridsvc.same_password', true), '') <> 'on' THEN
    changes := changes || '{"password": [null, true]}'; END IF; -- that there is a new one, and no more
  IF changes <> '{}' THEN PERFORM log_staff('account', coalesce(NEW.login, OLD.login),
    CASE TG_OP WHEN 'INSERT' THEN 'add' WHEN 'DELETE' THEN 'end' ELSE 'change' END, changes); END IF; RETURN NULL; END
$$;

CREATE TRIGGER account_logged AFTER INSERT OR UPDATE OR DELETE ON account
FOR EACH ROW EXECUTE FUNCTION account_logged();

CREATE FUNCTION account_area_logged() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE moved account_area := coalesce(NEW, OLD); code text := (SELECT a.code FROM area a WHERE a.id = moved.area_id); BEGIN
  PERFORM log_staff('area', coalesce((SELECT a.login FROM account a WHERE a.id = moved.account_id), CAST(moved.account_id AS text)),
    CASE TG_OP WHEN 'INSERT' THEN 'add' ELSE 'end' END,
    jsonb_build_object('area', CASE TG_OP WHEN 'INSERT' THEN jsonb_build_array(NULL, code) ELSE jsonb_build_array(code, NULL) END)); RETURN NULL; END
$$;

CREATE TRIGGER account_area_logged AFTER INSERT OR DELETE ON account_area
FOR EACH ROW EXECUTE FUNCTION account_area_logged();

-- Tokens of programs; the sessions of people come and go.
CREATE FUNCTION credential_logged() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE moved credential := coalesce(NEW, OLD); BEGIN IF moved.kind = 'bearer' THEN
  PERFORM log_staff('token', coalesce((SELECT a.login FROM account a WHERE a.id = moved.account_id), CAST(moved.account_id AS text)),
    CASE TG_OP WHEN 'INSERT' THEN 'add' ELSE 'end' END,
    jsonb_build_object('label', CASE TG_OP WHEN 'INSERT' THEN jsonb_build_array(NULL, moved.label)
      ELSE jsonb_build_array(moved.label, NULL) END)); END IF; RETURN NULL; END
$$;

CREATE TRIGGER credential_logged AFTER INSERT OR DELETE ON credential
FOR EACH ROW EXECUTE FUNCTION credential_logged();

CREATE FUNCTION duty_logged() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE before jsonb; after jsonb; BEGIN
  IF TG_OP <> 'INSERT' THEN before := (to_jsonb(OLD) - ARRAY['id', 'worker_id', 'layer', 'grid_code'])
    || jsonb_build_object('worker', (SELECT w.code FROM worker w WHERE w.id = OLD.worker_id)); END IF; -- by code, as people know it
  IF TG_OP <> 'DELETE' THEN after := (to_jsonb(NEW) - ARRAY['id', 'worker_id', 'layer', 'grid_code'])
    || jsonb_build_object('worker', (SELECT w.code FROM worker w WHERE w.id = NEW.worker_id)); END IF; -- the same afterwards
  PERFORM log_staff('duty', coalesce(NEW.layer, OLD.layer) || '/' || coalesce(NEW.grid_code, OLD.grid_code),
    CASE TG_OP WHEN 'INSERT' THEN 'add' WHEN 'DELETE' THEN 'end' ELSE 'change' END,
    changed_fields(before, after) || jsonb_build_object('worker', jsonb_build_array(before -> 'worker', after -> 'worker'))); RETURN NULL; END
$$;

CREATE TRIGGER duty_logged AFTER INSERT OR UPDATE OR DELETE ON duty
FOR EACH ROW EXECUTE FUNCTION duty_logged();

-- Verification has a limit too.
ALTER TABLE stage_limit
    DROP CONSTRAINT stage_limit_stage_check,
    ADD CONSTRAINT stage_limit_stage_check CHECK (stage IN ('verify', 'dispatch', 'accept', 'dispose', 'check'));

ALTER TABLE report
    DROP CONSTRAINT report_stage_check,
    ADD CONSTRAINT report_stage_check CHECK (stage IN ('verify', 'dispatch', 'accept', 'dispose', 'check'));
