-- Question: which of a reader's reports, chosen by these filters, lie in a tile, or so near that their sign reaches into it?
-- Parameters: :z, :x, :y (tile numbers, y from the north), :west, :south, :east, :north (degrees around the tile),
--   :from_at, :to_at (instants, or null), :category (code or null), :states (text[], empty: all but void ones),
--   :held_at (instant whose placements count; null: now), :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or
--   null), :queue (bool: unplaced ones too): whose, :zone (of the day),
--   :most (points that one tile may hold)
-- Columns: fits (bool; false: there are more than that, and the tile holds nothing), and one bytea: a Mapbox vector tile
--   with layer points (number, category, state, day; source and repeat where they are not gridsvc and 0), the oldest first
-- Index: report_geom_idx, report_received_at_id_idx, placement_grid_idx, placement_current_key, placement_pkey
WITH found AS MATERIALIZED (
  SELECT r.id, r.source, r.number, r.repeat, r.category, r.state, r.received_at, r.geom
  FROM shown_reports(CAST(:west AS float), CAST(:south AS float), CAST(:east AS float), CAST(:north AS float),
    CAST(:from_at AS timestamptz), CAST(:to_at AS timestamptz), CAST(:category AS text), CAST(:states AS text[]),
    CAST(:held_at AS timestamptz), CAST(:all_areas AS boolean), CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint),
    CAST(:queue AS boolean)) r
  LIMIT :most + 1
),
points AS (
  SELECT f.number, nullif(f.source, 'gridsvc') AS source, nullif(f.repeat, 0) AS repeat, f.category, f.state,
    to_char(f.received_at AT TIME ZONE :zone, 'YYYY-MM-DD') AS day,
    ST_AsMVTGeom(ST_Transform(f.geom, 3857), ST_TileEnvelope(:z, :x, :y), 4096, 256) AS geom
  FROM found f
  WHERE (SELECT count(*) FROM found) <= :most
  ORDER BY f.received_at, f.id
)
SELECT (SELECT count(*) FROM found) <= :most AS fits,
  (SELECT ST_AsMVT(p, 'points', 4096, 'geom') FROM points p WHERE p.geom IS NOT NULL) AS tile
