-- What a worklist reads is read from indexes alone: which reports are unplaced or doubtful, which lie in some grids, when
-- each was last changed; and a list of all reports by due time holds those without one too.
CREATE INDEX placement_unplaced_idx ON placement (report_id) WHERE to_at IS NULL AND grid_version_id IS NULL;

CREATE INDEX placement_doubtful_idx ON placement (report_id) WHERE to_at IS NULL AND confidence < 0.8;

DROP INDEX placement_grid_idx;

CREATE INDEX placement_grid_idx ON placement (grid_version_id) INCLUDE (report_id) WHERE to_at IS NULL;

DROP INDEX report_due_at_id_idx;

CREATE INDEX report_due_at_id_idx ON report (due_at, id);

ALTER TABLE report_log DROP CONSTRAINT report_log_pkey,
    ADD CONSTRAINT report_log_pkey PRIMARY KEY (report_id, seq) INCLUDE (at);
