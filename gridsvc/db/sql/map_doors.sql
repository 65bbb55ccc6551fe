-- Question: which doors of a campaign's list within a box has a reader still to reach as often as it asks?
-- Parameters: :campaign_id, :west, :south, :east, :north (degrees, EPSG:4326), :n (rows),
--   :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which grids this reader sees
-- Columns: id, kind, name, compound (name), building, unit, room, lon, lat, grid_code, status, n_visits,
--   n_all (how many there are), by id
-- Index: household_geom_idx, campaign_door_pkey
SELECT h.id, h.kind, h.name, k.name AS compound, h.building, h.unit, h.room, ST_X(h.geom) AS lon, ST_Y(h.geom) AS lat,
  g.code AS grid_code, d.status, d.n_visits, count(*) OVER () AS n_all
FROM household h
JOIN campaign_door d ON d.household_id = h.id AND d.campaign_id = :campaign_id
JOIN campaign c ON c.id = d.campaign_id
JOIN grid_version g ON g.id = h.grid_version_id
LEFT JOIN compound k ON k.id = h.compound_id
WHERE h.geom && ST_MakeEnvelope(:west, :south, :east, :north, 4326)
  AND d.n_reached < c.n_times AND h.removed_at IS NULL AND h.excluded IS NULL
  AND g.valid_from IS NOT NULL AND g.valid_to IS NULL
  AND (:all_areas OR g.id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint))))
ORDER BY h.id
LIMIT :n
