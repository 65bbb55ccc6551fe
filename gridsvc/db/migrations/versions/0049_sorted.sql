-- What a worklist sorts open reports by is read from an index without their texts, in which a report of a grid is looked up too;
-- when one was placed anew, which few were, from an index of these alone.
CREATE INDEX report_open_id_idx ON report (id) INCLUDE (flags, received_at, until_at, updated_at, state, category, level, card) WHERE open;

CREATE INDEX placement_moved_idx ON placement (report_id) INCLUDE (from_at) WHERE to_at IS NULL AND ended IS NULL AND seq > 1;
