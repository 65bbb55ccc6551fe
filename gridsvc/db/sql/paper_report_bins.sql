-- Question: how many of a reader's reports, chosen by these filters, lie in each of the squares of a zoom within a box?
-- Parameters: :z (zoom whose tiles have 32 x 32 squares each), :west, :south, :east, :north (degrees, EPSG:4326),
--   :from_at, :to_at (instants, or null), :category (code or null), :states (text[], empty: all but void ones),
--   :held_at (instant whose placements count; null: now), :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or
--   null), :queue (bool: unplaced ones too): whose
-- Columns: i, j (square of the whole globe, from the west and from the north), n
-- Index: report_geom_idx, report_received_at_id_idx, placement_grid_idx, placement_current_key, placement_pkey
WITH found AS (
  SELECT bin_x(r.geom) >> (22 - CAST(:z AS int)) AS i, bin_y(r.geom) >> (22 - CAST(:z AS int)) AS j
  FROM shown_reports(CAST(:west AS float), CAST(:south AS float), CAST(:east AS float), CAST(:north AS float),
    CAST(:from_at AS timestamptz), CAST(:to_at AS timestamptz), CAST(:category AS text), CAST(:states AS text[]),
    CAST(:held_at AS timestamptz), CAST(:all_areas AS boolean), CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint),
    CAST(:queue AS boolean)) r
  OFFSET 0  -- the squares are worked out once a report, not again for each condition
)
SELECT f.i, f.j, count(*) AS n FROM found f GROUP BY f.i, f.j ORDER BY f.j, f.i
