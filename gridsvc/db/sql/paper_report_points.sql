-- Question: which of a reader's reports, chosen by these filters, lie within a box, each as a point?
-- Parameters: :west, :south, :east, :north (degrees, EPSG:4326), :from_at, :to_at (instants, or null), :category (code or
--   null), :states (text[], empty: all but void ones), :held_at (instant whose placements count), :all_areas (bool),
--   :area_ids (bigint[]), :worker_id (bigint or null), :queue (bool: unplaced ones too): whose, :most (rows)
-- Columns: lon, lat (degrees, EPSG:4326), state
-- Index: report_geom_idx, placement_pkey
SELECT ST_X(r.geom) AS lon, ST_Y(r.geom) AS lat, r.state
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
ORDER BY r.received_at, r.id
LIMIT :most
