-- Question: which reports does a reader see, newest first, with where each one belongs now?
-- Parameters: :all_areas (bool), :area_ids (bigint[]), :worker_id, :department_id (bigint or null), :queue (bool: unplaced ones too): whose;
--   :west, :south, :east, :north (degrees, EPSG:4326, or null),
--   :grid, :state, :category (codes or null), :from_at (inclusive), :to_at (exclusive; instants or null),
--   :unplaced, :doubtful (bools: only those), :doubtful_below (share), :words (in number, text or place; or null),
--   :after_at, :after_id (the last row of the page before, or null), :n (rows at most)
-- Columns: the report's own, lon, lat (degrees), name_zh, name_en (of the category), compound, its current placement's
--   with grid_code, grid_name, grid_layer, area_name, worker_name
-- Index: report_received_at_id_idx, placement_current_key; report_geom_idx, placement_grid_idx for a narrow filter
SELECT r.id, r.source, r.number, r.repeat, r.state, r.category, c.name_zh, c.name_en, r.category_raw, r.description,
  r.channel, r.words, r.observed_at, r.received_at, r.day_only, r.closed_at, r.due_at, r.accuracy_m, r.crs, r.raw_x, r.raw_y,
  ST_X(r.geom) AS lon, ST_Y(r.geom) AS lat, k.name AS compound, p.method, p.distance_m, p.confidence, p.runners_up,
  p.reason, p.duty, g.code AS grid_code, g.name AS grid_name, g.layer AS grid_layer, a.name AS area_name,
  w.name AS worker_name
FROM report r
JOIN placement p ON p.report_id = r.id AND p.to_at IS NULL
JOIN category c ON c.code = r.category
LEFT JOIN grid_version g ON g.id = p.grid_version_id
LEFT JOIN area a ON a.id = g.area_id
LEFT JOIN worker w ON w.id = p.worker_id
LEFT JOIN compound k ON k.id = r.compound_id
WHERE (:all_areas OR g.id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint)))
    OR takes_part(CAST(:department_id AS bigint), r.department_id, r.assist_ids, r.called_ids)
    OR (:queue AND p.grid_version_id IS NULL))
  AND (CAST(:west AS float8) IS NULL
    OR ST_Intersects(r.geom, ST_MakeEnvelope(:west, :south, :east, :north, 4326)))
  AND (CAST(:grid AS text) IS NULL OR g.code = CAST(:grid AS text))
  AND (CAST(:state AS text) IS NULL OR r.state = CAST(:state AS text))
  AND (CAST(:category AS text) IS NULL OR r.category = CAST(:category AS text))
  AND (CAST(:from_at AS timestamptz) IS NULL OR r.received_at >= CAST(:from_at AS timestamptz))
  AND (CAST(:to_at AS timestamptz) IS NULL OR r.received_at < CAST(:to_at AS timestamptz))
  AND (NOT :unplaced OR p.grid_version_id IS NULL)
  AND (NOT :doubtful OR p.confidence < :doubtful_below)
  AND (CAST(:words AS text) IS NULL
    OR position(lower(CAST(:words AS text)) IN lower(r.number)) > 0
    OR position(lower(CAST(:words AS text)) IN lower(r.description)) > 0
    OR position(lower(CAST(:words AS text)) IN lower(r.words)) > 0)
  AND (CAST(:after_at AS timestamptz) IS NULL
    OR (r.received_at, r.id) < (CAST(:after_at AS timestamptz), CAST(:after_id AS bigint)))
ORDER BY r.received_at DESC, r.id DESC
LIMIT :n
