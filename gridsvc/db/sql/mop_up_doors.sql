-- Question: which doors does a reader have still to visit: of a campaign, those not reached as often as it asks; without
--   one, those whose class wants a visit by today?
-- Parameters: :campaign_id (bigint or null), :today (day), :zone (name: days are its days),
--   :n (rows), :grid (code or null), :compound_id (bigint or null), :folded (text[]: classes that this reader takes for the default one of the kind),
--   :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which grids this reader sees
-- Columns: id, kind, name, compound_id, compound (name), building, unit, room, lon, lat, position_source, grid_code,
--   status, n_visits, last_at (the latest visit of the campaign; without one, when somebody was last reached), n_all (how many there are)
-- Index: campaign_door_pkey, household_pkey, household_grid_version_id_idx, visit_household_id_happened_at_idx
WITH mine AS MATERIALIZED (
  SELECT g.id, g.code FROM grid_version g
  WHERE (:all_areas OR g.id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint))))
    AND g.valid_from IS NOT NULL AND g.valid_to IS NULL
    AND (CAST(:grid AS text) IS NULL OR g.code = :grid)
),
due AS (
  SELECT h.id, m.code AS grid_code, d.status, d.n_visits, CAST(NULL AS timestamptz) AS reached_at
  FROM mine m
  JOIN household h ON h.grid_version_id = m.id
  JOIN campaign_door d ON d.household_id = h.id AND d.campaign_id = CAST(:campaign_id AS bigint)
  JOIN campaign c ON c.id = d.campaign_id
  WHERE d.n_reached < c.n_times AND h.removed_at IS NULL AND h.excluded IS NULL
    AND (CAST(:compound_id AS bigint) IS NULL OR h.compound_id = :compound_id)
  UNION ALL
  SELECT h.id, m.code, 'not_visited', 0, h.reached_at
  FROM mine m
  JOIN household h ON h.grid_version_id = m.id
  JOIN household_class c ON c.code = CASE WHEN h.class_code = ANY (CAST(:folded AS text[]))
    THEN default_class(h.kind) ELSE h.class_code END
  WHERE CAST(:campaign_id AS bigint) IS NULL AND c.cycle_days IS NOT NULL
    AND coalesce(CAST(coalesce(h.reached_at, nullif(h.registered_at, '-infinity')) AT TIME ZONE :zone AS date)
      + c.cycle_days, CAST(:today AS date)) <= CAST(:today AS date)
    AND h.removed_at IS NULL AND h.excluded IS NULL
    AND (CAST(:compound_id AS bigint) IS NULL OR h.compound_id = :compound_id)
),
chosen AS (
  SELECT d.*, count(*) OVER () AS n_all FROM due d ORDER BY d.grid_code, d.id LIMIT :n
)
SELECT h.id, h.kind, h.name, h.compound_id, k.name AS compound, h.building, h.unit, h.room, ST_X(h.geom) AS lon,
  ST_Y(h.geom) AS lat, h.position_source, d.grid_code, d.status, d.n_visits, coalesce(d.reached_at, v.last_at) AS last_at, d.n_all
FROM chosen d
JOIN household h ON h.id = d.id
LEFT JOIN compound k ON k.id = h.compound_id
LEFT JOIN campaign c ON c.id = CAST(:campaign_id AS bigint)
LEFT JOIN LATERAL (
  SELECT max(v.happened_at) AS last_at FROM effective_visits('infinity') v
  WHERE d.n_visits > 0 AND v.household_id = h.id AND v.happened_at >= c.starts_at AND v.happened_at < c.ends_at
    AND v.mode = ANY (c.modes)
) v ON true
ORDER BY d.grid_code, d.id
