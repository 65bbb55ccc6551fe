-- A commit that notifies keeps all others that do so waiting until it is on disk: with four writers that took half of
-- their commits. So only one transaction at a time tells; what goes on beside it is seen by who is told, as done or as
-- still open, and then looked for again.
CREATE OR REPLACE FUNCTION tell_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN IF pg_try_advisory_xact_lock(hashtext('gridsvc.wall'), hashtext(TG_TABLE_SCHEMA)) THEN
  PERFORM pg_notify(left('wall_' || TG_TABLE_SCHEMA, 63), pg_current_xact_id()::text); END IF; RETURN NULL; END
$$;
