-- Indexes for the worklist and the ledger; pinyin initials of compounds' names.

-- First letters of a name's syllables (jxhy for 锦绣花园), beside its key: found by people, never used to place a report.
ALTER TABLE compound_name ADD COLUMN initials TEXT COLLATE "C";

CREATE INDEX compound_name_initials_idx ON compound_name (initials);

-- What a worklist counts and sorts by is read from indexes alone: open reports are few, but lie all over the table.
DROP INDEX report_open_due_idx;

CREATE INDEX report_open_due_idx ON report (due_at, id) INCLUDE (received_at, state, category, by_staff, department_id, routing, level, stage, stage_due_at, verified, accepted_at, suspended_at, waiting_at, extension_asked_at, n_rework, outcome, sampled, card) WHERE open;

DROP INDEX placement_current_key;

CREATE UNIQUE INDEX placement_current_key ON placement (report_id) INCLUDE (grid_version_id, worker_id, confidence) WHERE to_at IS NULL;

CREATE INDEX report_state_received_at_idx ON report (state, received_at, id);

CREATE INDEX report_due_at_id_idx ON report (due_at, id) WHERE due_at IS NOT NULL;

-- The log grows in the order of its times, so a block range says enough.
CREATE INDEX report_log_at_idx ON report_log USING brin (at) WITH (autosummarize = on);
