-- Which transaction wrote a row of the log: what a snapshot did not see can be asked for, whatever committed in which
-- order. Rows of before have none, and need none.
ALTER TABLE report_log ADD COLUMN xid BIGINT;

ALTER TABLE report_log ALTER COLUMN xid SET DEFAULT pg_current_xact_id()::text::bigint;

-- The log grows in the order of its transactions, so a block range says enough.
CREATE INDEX report_log_xid_idx ON report_log USING brin (xid) WITH (autosummarize = on);

-- What was struck off lately still hangs on the wall.
CREATE INDEX report_struck_idx ON report (struck_at) WHERE state = 'struck_off';

-- Told once a transaction, at its commit, and nothing but the transaction's id: its rows are in the log, for whoever may
-- see them. (Ids of reports would need a copy of every row of a large import.)
CREATE FUNCTION tell_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_notify(left('wall_' || TG_TABLE_SCHEMA, 63), pg_current_xact_id()::text); RETURN NULL; END
$$;

CREATE TRIGGER report_log_told AFTER INSERT ON report_log FOR EACH STATEMENT EXECUTE FUNCTION tell_log();
