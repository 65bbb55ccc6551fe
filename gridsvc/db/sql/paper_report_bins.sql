-- Question: how many of a reader's reports, chosen by these filters, lie in each of the squares of a zoom within a box?
-- Parameters: :z (zoom whose tiles have 32 x 32 squares each), :west, :south, :east, :north (degrees, EPSG:4326),
--   :from_at, :to_at (instants, or null), :category (code or null), :states (text[], empty: all but void ones),
--   :held_at (instant whose placements count), :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null),
--   :queue (bool: unplaced ones too): whose
-- Columns: i, j (square of the whole globe, from the west and from the north), n
-- Index: report_geom_idx, report_received_at_id_idx, placement_pkey
WITH found AS (
  SELECT bin_x(r.geom) >> (22 - CAST(:z AS int)) AS i, bin_y(r.geom) >> (22 - CAST(:z AS int)) AS j
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
)
SELECT f.i, f.j, count(*) AS n FROM found f GROUP BY f.i, f.j ORDER BY f.j, f.i
