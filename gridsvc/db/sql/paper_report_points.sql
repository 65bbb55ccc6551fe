-- Question: which of a reader's reports, chosen by these filters, lie within a box, each as a point?
-- Parameters: :west, :south, :east, :north (degrees, EPSG:4326), :from_at, :to_at (instants, or null), :category (code or
--   null), :states (text[], empty: all but void ones), :held_at (instant whose placements count; null: now), :all_areas
--   (bool), :area_ids (bigint[]), :worker_id (bigint or null), :queue (bool: unplaced ones too): whose, :most (rows)
-- Columns: lon, lat (degrees, EPSG:4326), state
-- Index: report_geom_idx, placement_grid_idx, placement_current_key, placement_pkey
SELECT ST_X(r.geom) AS lon, ST_Y(r.geom) AS lat, r.state
FROM shown_reports(CAST(:west AS float), CAST(:south AS float), CAST(:east AS float), CAST(:north AS float),
  CAST(:from_at AS timestamptz), CAST(:to_at AS timestamptz), CAST(:category AS text), CAST(:states AS text[]),
  CAST(:held_at AS timestamptz), CAST(:all_areas AS boolean), CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint),
  CAST(:queue AS boolean)) r
ORDER BY r.received_at, r.id
LIMIT :most
