-- The role of an account is its default one; beside it there may be others. What it had stays its only one.
ALTER TABLE account
    ADD COLUMN also_roles TEXT[] DEFAULT '{}' NOT NULL,
    ADD CONSTRAINT account_also_roles_check CHECK (also_roles <@ ARRAY['admin', 'planner', 'leader', 'dispatcher', 'manager', 'handler', 'checker', 'worker'] AND role <> ALL (also_roles));

-- A session or token acts in one role.
ALTER TABLE credential
    ADD COLUMN role TEXT,
    ADD CONSTRAINT credential_role_check CHECK (role IN ('admin', 'planner', 'leader', 'dispatcher', 'manager', 'handler', 'checker', 'worker'));

UPDATE credential c SET role = a.role FROM account a WHERE a.id = c.account_id;

ALTER TABLE credential ALTER COLUMN role SET NOT NULL;

-- In which role somebody changed what; unknown of what is older.
ALTER TABLE staff_log ADD COLUMN actor_role TEXT;

ALTER TABLE household_log ADD COLUMN account_role TEXT;

-- Who, in which role, and when are what the transaction was told; else nobody known, and its begin.
CREATE OR REPLACE FUNCTION log_staff(what text, subject text, action text, changes jsonb) RETURNS void
LANGUAGE sql
BEGIN ATOMIC INSERT INTO staff_log (at, actor_id, actor_role, what, subject, action, changes)
  VALUES (coalesce(CAST(nullif(current_setting('gridsvc.at', true), '') AS timestamptz), now()),
    CAST(nullif(current_setting('gridsvc.actor_id', true), '') AS bigint),
    nullif(current_setting('gridsvc.actor_role', true), ''), what, subject, action, changes); END;

CREATE OR REPLACE FUNCTION account_logged() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE before jsonb; after jsonb; changes jsonb; BEGIN
  IF TG_OP <> 'INSERT' THEN before := jsonb_build_object('name', OLD.name, 'role', OLD.role,
    'also_roles', nullif(to_jsonb(OLD.also_roles), '[]'), 'active', OLD.active,
    'worker', (SELECT w.code FROM worker w WHERE w.id = OLD.worker_id),
    'department', (SELECT d.code FROM department d WHERE d.id = OLD.department_id)); END IF; -- what a person may know of it
  IF TG_OP <> 'DELETE' THEN after := jsonb_build_object('name', NEW.name, 'role', NEW.role,
    'also_roles', nullif(to_jsonb(NEW.also_roles), '[]'), 'active', NEW.active,
    'worker', (SELECT w.code FROM worker w WHERE w.id = NEW.worker_id),
    'department', (SELECT d.code FROM department d WHERE d.id = NEW.department_id)); END IF; -- the same afterwards
  changes := changed_fields(before, after); IF TG_OP = 'UPDATE' AND NEW.password_hash <> OLD.password_hash
    AND coalesce(current_setting('gridsvc.same_password', true), '') <> 'on' THEN
    changes := changes || '{"password": [null, true]}'; END IF; -- that there is a new one, and no more
  IF changes <> '{}' THEN PERFORM log_staff('account', coalesce(NEW.login, OLD.login),
    CASE TG_OP WHEN 'INSERT' THEN 'add' WHEN 'DELETE' THEN 'end' ELSE 'change' END, changes); END IF; RETURN NULL; END
$$;

-- As before, with the role that a token or a phone acts in.
CREATE OR REPLACE FUNCTION credential_logged() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE moved credential := coalesce(NEW, OLD); known device; at timestamptz; told jsonb; BEGIN
  SELECT * INTO known FROM device d WHERE d.token_hash = moved.token_hash; -- made before its credential
  IF known.id IS NULL AND moved.kind <> 'bearer' THEN RETURN NULL; END IF; -- the sessions of people come and go
  at := coalesce(CAST(nullif(current_setting('gridsvc.at', true), '') AS timestamptz), now()); -- as in log_staff
  IF TG_OP = 'DELETE' AND known.id IS NOT NULL THEN
    UPDATE device SET ended_at = at WHERE id = known.id AND ended_at IS NULL; END IF; -- when it was taken away
  told := jsonb_build_object('label', coalesce(known.name, moved.label), 'role', moved.role); -- what a person may know of it
  PERFORM log_staff(CASE WHEN known.id IS NULL THEN 'token' ELSE 'device' END,
    coalesce((SELECT a.login FROM account a WHERE a.id = moved.account_id), CAST(moved.account_id AS text)),
    CASE TG_OP WHEN 'INSERT' THEN 'add' ELSE 'end' END,
    CASE TG_OP WHEN 'INSERT' THEN changed_fields(NULL, told) ELSE changed_fields(told, NULL) END); RETURN NULL; END
$$;
