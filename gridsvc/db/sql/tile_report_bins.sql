-- Question: how many of a reader's reports, chosen by these filters, lie in each of the 32 x 32 squares of a tile?
-- Parameters: :z, :x, :y (tile numbers, y from the north), :west, :south, :east, :north (degrees around the tile),
--   :from_at, :to_at (instants, or null), :category (code or null), :states (text[], empty: all but void ones),
--   :held_at (instant whose placements count; null: now), :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or
--   null), :queue (bool: unplaced ones too): whose
-- Columns: one bytea: a Mapbox vector tile with layer bins (n)
-- Index: report_geom_idx, report_received_at_id_idx, placement_grid_idx, placement_current_key, placement_pkey
WITH found AS (
  -- the box only finds them; the square decides, so that each report is in one tile
  SELECT (bin_x(r.geom) >> (22 - CAST(:z AS int))) - CAST(:x AS int) * 32 AS i,
    (bin_y(r.geom) >> (22 - CAST(:z AS int))) - CAST(:y AS int) * 32 AS j
  FROM shown_reports(CAST(:west AS float), CAST(:south AS float), CAST(:east AS float), CAST(:north AS float),
    CAST(:from_at AS timestamptz), CAST(:to_at AS timestamptz), CAST(:category AS text), CAST(:states AS text[]),
    CAST(:held_at AS timestamptz), CAST(:all_areas AS boolean), CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint),
    CAST(:queue AS boolean)) r
  OFFSET 0  -- the squares are worked out once a report, not again for each condition
),
bins AS (
  SELECT count(*) AS n, ST_ForcePolygonCCW(ST_MakeEnvelope(i * 128, j * 128, (i + 1) * 128, (j + 1) * 128)) AS geom
  FROM found WHERE i BETWEEN 0 AND 31 AND j BETWEEN 0 AND 31 GROUP BY i, j ORDER BY j, i
)
SELECT ST_AsMVT(b, 'bins', 4096, 'geom') AS tile FROM bins b
