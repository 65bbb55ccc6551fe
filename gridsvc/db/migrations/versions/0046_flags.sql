-- A worklist counts open reports by their step and one small number, reads what is narrow, and asks only placements that are
-- not a report's first when it was last changed; ended reports of one category are found in the index of their state.

-- flags: of an open report, a bit each: suspended or waiting (1), in consultation (2), an extension asked for (4), came
-- back as not done (8).
ALTER TABLE report ADD COLUMN flags SMALLINT GENERATED ALWAYS AS (CASE
    WHEN state IN ('reported', 'verified', 'filed', 'dispatched', 'disposed', 'checked')
    THEN CASE WHEN suspended_at IS NOT NULL OR waiting_at IS NOT NULL THEN 1 ELSE 0 END
      + CASE WHEN routing = 'consultation' THEN 2 ELSE 0 END
      + CASE WHEN extension_asked_at IS NOT NULL THEN 4 ELSE 0 END + CASE WHEN n_rework > 0 THEN 8 ELSE 0 END END) STORED;

DROP INDEX report_open_until_idx;

CREATE INDEX report_open_until_idx ON report (until_at, id) INCLUDE (step, flags, received_at, updated_at, state, category, department_id, level, card, number, said) WHERE open;

DROP INDEX report_open_department_idx;

-- The narrowest of the open ones: what counts them reads it whole.
CREATE INDEX report_open_counted_idx ON report (department_id, step, flags, until_at, id) INCLUDE (updated_at) WHERE open;

DROP INDEX report_ended_received_at_idx;

CREATE INDEX report_ended_received_at_idx ON report (state, received_at, id) INCLUDE (category) WHERE state IN ('closed', 'struck_off', 'void', 'not_filed', 'merged');

DROP INDEX placement_open_idx;

CREATE INDEX placement_open_idx ON placement (report_id) INCLUDE (grid_version_id, from_at, confidence, seq) WHERE to_at IS NULL AND ended IS NULL;
