-- What a worklist asks of open reports stands beside them, and a current placement knows how its report ended: so an index
-- holds the open ones alone, and another those of a grid that ended, in the order of receipt.

-- until_at: when the present step has to be done by. Once disposed of, the deadline was met or missed for good, and what
-- counts is the check's own limit; while a department works, the deadline; before, whichever comes first.
-- step: what has to happen next. updated_at: of the last log row but those that only placed the report anew.
ALTER TABLE report
  ADD COLUMN updated_at TIMESTAMP WITH TIME ZONE,
  ADD COLUMN until_at TIMESTAMP WITH TIME ZONE GENERATED ALWAYS AS (CASE
    WHEN state IN ('disposed', 'checked') THEN stage_due_at
    WHEN state NOT IN ('reported', 'verified', 'filed', 'dispatched') THEN NULL
    WHEN stage = 'dispose' THEN due_at ELSE least(due_at, stage_due_at) END) STORED,
  ADD COLUMN step TEXT COLLATE "C" GENERATED ALWAYS AS (CASE state
    WHEN 'reported' THEN CASE WHEN by_staff OR verified <> 'unable' THEN 'to_file' ELSE 'to_verify' END
    WHEN 'verified' THEN 'to_file' WHEN 'filed' THEN 'to_dispatch'
    WHEN 'dispatched' THEN CASE WHEN accepted_at IS NULL THEN 'to_accept' ELSE 'in_work' END
    WHEN 'disposed' THEN CASE WHEN outcome = 'on_spot' AND NOT sampled THEN 'to_close' ELSE 'to_check' END
    WHEN 'checked' THEN 'to_close' END) STORED;

UPDATE report r SET updated_at = l.at
FROM (SELECT report_id, max(at) AS at FROM report_log WHERE action NOT IN ('place', 'replace') GROUP BY report_id) l
WHERE l.report_id = r.id;

DROP INDEX report_open_due_idx;

CREATE INDEX report_open_until_idx ON report (until_at, id) INCLUDE (step, suspended_at, waiting_at, received_at, updated_at, state, category, department_id, routing, level, card, extension_asked_at, n_rework) WHERE open;

-- Few have more than one department.
CREATE INDEX report_open_assist_idx ON report (id) WHERE open AND assist_ids IS NOT NULL;

CREATE INDEX report_open_called_idx ON report (id) WHERE open AND called_ids IS NOT NULL;

-- The state that a report ended in; null while it is open.
CREATE FUNCTION ended_state(state text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN state NOT IN ('reported', 'verified', 'filed', 'dispatched', 'disposed', 'checked') THEN state END;

-- Both are of the placement's report, while it is the current one; null while the report is open.
ALTER TABLE placement ADD COLUMN ended TEXT, ADD COLUMN received_at TIMESTAMP WITH TIME ZONE,
  ADD CONSTRAINT placement_ended_check CHECK ((ended IS NULL) = (received_at IS NULL));

UPDATE placement p SET ended = r.state, received_at = r.received_at
FROM report r WHERE r.id = p.report_id AND NOT r.open AND p.to_at IS NULL;

DROP INDEX placement_grid_idx;

CREATE INDEX placement_grid_idx ON placement (grid_version_id, ended, received_at) INCLUDE (report_id) WHERE to_at IS NULL;

CREATE INDEX placement_open_idx ON placement (report_id) INCLUDE (grid_version_id, from_at, confidence) WHERE to_at IS NULL AND ended IS NULL;

DROP INDEX placement_unplaced_idx;

CREATE INDEX placement_unplaced_idx ON placement (report_id) WHERE to_at IS NULL AND ended IS NULL AND grid_version_id IS NULL;

DROP INDEX placement_doubtful_idx;

CREATE INDEX placement_doubtful_idx ON placement (report_id) WHERE to_at IS NULL AND ended IS NULL AND confidence < 0.8;

CREATE FUNCTION placement_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN UPDATE placement p SET ended = ended_state(NEW.state), received_at = CASE WHEN NOT NEW.open THEN NEW.received_at END
  WHERE p.report_id = NEW.id AND p.to_at IS NULL; RETURN NULL; END
$$;

-- Steps of an open case change nothing here: for them the condition is all it costs.
CREATE TRIGGER placement_follows AFTER UPDATE OF state, received_at ON report FOR EACH ROW
WHEN (OLD.open <> NEW.open OR (NOT NEW.open AND (OLD.state <> NEW.state OR OLD.received_at <> NEW.received_at)))
EXECUTE FUNCTION placement_follows();
