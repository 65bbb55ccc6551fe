-- Nothing but a role that an account acted in was ever written here.
ALTER TABLE visit ADD CONSTRAINT visit_role_check
  CHECK (role IN ('admin', 'planner', 'leader', 'dispatcher', 'manager', 'handler', 'checker', 'worker'));
