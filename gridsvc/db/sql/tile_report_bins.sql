-- Question: how many of a reader's reports, chosen by these filters, lie in each of the 32 x 32 squares of a tile?
-- Parameters: :z, :x, :y (tile numbers, y from the north), :west, :south, :east, :north (degrees around the tile),
--   :from_at, :to_at (instants, or null), :category (code or null), :states (text[], empty: all but void ones),
--   :held_at (instant whose placements count), :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null),
--   :queue (bool: unplaced ones too): whose
-- Columns: one bytea: a Mapbox vector tile with layer bins (n)
-- Index: report_geom_idx, report_received_at_id_idx, placement_pkey
WITH found AS (
  -- the box only finds them; the square decides, so that each report is in one tile
  SELECT (bin_x(r.geom) >> (22 - CAST(:z AS int))) - CAST(:x AS int) * 32 AS i,
    (bin_y(r.geom) >> (22 - CAST(:z AS int))) - CAST(:y AS int) * 32 AS j
  FROM report r
  WHERE r.geom && ST_MakeEnvelope(:west, :south, :east, :north, 4326) AND r.state <> 'void'
    AND (CAST(:from_at AS timestamptz) IS NULL OR r.received_at >= CAST(:from_at AS timestamptz))
    AND (CAST(:to_at AS timestamptz) IS NULL OR r.received_at < CAST(:to_at AS timestamptz))
    AND (CAST(:category AS text) IS NULL OR r.category = CAST(:category AS text))
    AND (cardinality(CAST(:states AS text[])) = 0 OR r.state = ANY (CAST(:states AS text[])))
    AND (:all_areas OR EXISTS (
      SELECT FROM placement p
      WHERE p.report_id = r.id AND (p.from_at <= :held_at OR p.seq = 1) AND (p.to_at IS NULL OR p.to_at > :held_at)
        AND (p.grid_version_id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint)))
          OR (:queue AND p.grid_version_id IS NULL))))
  OFFSET 0  -- the squares are worked out once a report, not again for each condition
),
bins AS (
  SELECT count(*) AS n, ST_ForcePolygonCCW(ST_MakeEnvelope(i * 128, j * 128, (i + 1) * 128, (j + 1) * 128)) AS geom
  FROM found WHERE i BETWEEN 0 AND 31 AND j BETWEEN 0 AND 31 GROUP BY i, j ORDER BY j, i
)
SELECT ST_AsMVT(b, 'bins', 4096, 'geom') AS tile FROM bins b
