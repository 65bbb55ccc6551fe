-- The reports of a period by grid: ended ones from the current placements alone, in the order of receipt; what was placed
-- elsewhere at an earlier instant, by when that ended. The doors of a grid that count: from their index alone.
CREATE INDEX placement_ended_idx ON placement (received_at) INCLUDE (grid_version_id, from_at, seq) WHERE to_at IS NULL AND ended IS NOT NULL AND ended <> 'void';

CREATE INDEX placement_past_idx ON placement (to_at) INCLUDE (report_id, grid_version_id, from_at, seq) WHERE to_at IS NOT NULL;

DROP INDEX household_grid_version_id_idx;

CREATE INDEX household_grid_version_id_idx ON household (grid_version_id) INCLUDE (kind, removed_at);
