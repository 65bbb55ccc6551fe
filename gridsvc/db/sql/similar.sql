-- Question: which open reports of the same category lie near a point, the nearest first?
-- Parameters: :category (code), :lon, :lat (degrees, EPSG:4326), :default_radius_m, :default_days (where the category has
--   none of its own), :now (instant), :not_id (bigint or null: not this one), :n (rows at most),
--   :all_areas (bool), :area_ids (bigint[]), :worker_id, :department_id (bigint or null), :queue (bool): which ones the
--   reader sees
-- Columns: id, number, source, state, description, received_at, distance_m (rounded to 0.1), lon, lat
-- Index: report_geom_idx, placement_current_key
-- What is asked for is hidden from the planner: seeing how few are near, it would plan this anew each time, which takes
-- longer than looking. So is that they are open: an index of the open ones would be read for a whole category.
WITH how AS MATERIALIZED (
  SELECT coalesce(c.dup_radius_m, :default_radius_m) AS radius_m, coalesce(c.dup_days, :default_days) AS days,
    ST_SetSRID(ST_MakePoint(CAST(:lon AS float8), CAST(:lat AS float8)), 4326) AS spot,
    CAST(:category AS text) AS category, true AS open, CAST(:not_id AS bigint) AS not_id,
    CAST(:all_areas AS boolean) AS all_areas, CAST(:queue AS boolean) AS queue,
    CAST(:department_id AS bigint) AS department_id
  FROM (VALUES (0)) one
  LEFT JOIN category c ON c.code = :category
),
seen AS MATERIALIZED (
  SELECT s.id FROM seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint)) AS s (id)
)
SELECT r.id, r.number, r.source, r.state, r.description, r.received_at, ST_X(r.geom) AS lon, ST_Y(r.geom) AS lat,
  round(CAST(ST_Distance(CAST(r.geom AS geography), CAST(h.spot AS geography)) AS numeric), 1)::float8 AS distance_m
FROM how h
CROSS JOIN LATERAL like_reports(h.category, h.spot, h.radius_m) r
JOIN placement p ON p.report_id = r.id AND p.to_at IS NULL
WHERE r.received_at >= CAST(:now AS timestamptz) - make_interval(days => h.days)
  AND r.open = h.open
  AND r.id IS DISTINCT FROM h.not_id
  AND (h.all_areas OR p.grid_version_id IN (SELECT s.id FROM seen s)
    OR takes_part(h.department_id, r.department_id, r.assist_ids, r.called_ids)
    OR (h.queue AND p.grid_version_id IS NULL))
ORDER BY r.geom <-> h.spot, r.id
LIMIT :n
