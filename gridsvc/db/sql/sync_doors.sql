-- Question: what are the doors of a reader's grids, or these of them, and how does each stand today: in a campaign that it is
--   on the list of, or, where it is on none's, by the visits that its class wants?
-- Parameters: :own (bigint[]: the reader's published grids), :ids (bigint[], or null: all), :campaign_ids (bigint[]: those
--   that run here), :today (day), :zone (name: days are its days), :folded (text[]: classes that this reader takes for the
--   default one of the kind), :unsaid (text[]: those that no phone is told), :n (rows at most)
-- Columns: id, campaigns (text[]: the codes of those with this door, the first to end first), unmet (text[]: of those the
--   ones that have it not as reached; null: none), kind, compound_id, compound
--   (name), building, unit, room, lon, lat (EPSG:4326 degrees), grid, class_code, class_zh, class_en, today (bool: still to be
--   visited), status, n_visits (in the campaign that is told of; on no list in the days of the class's cycle that end
--   today, or in a year), visited_at (the latest visit of all); by id
-- Index: household_grid_version_id_idx, household_pkey, campaign_door_pkey, visit_household_id_happened_at_idx
SELECT h.id, coalesce(i.codes, '{}') AS campaigns, i.unmet, h.kind, h.compound_id, k.name AS compound, h.building, h.unit, h.room,
  ST_X(h.geom) AS lon, ST_Y(h.geom) AS lat, g.code AS grid, s.code AS class_code, s.name_zh AS class_zh, s.name_en AS class_en,
  CASE WHEN h.excluded IS NOT NULL THEN false
    WHEN i.codes IS NOT NULL THEN d.n_reached < d.n_times
    ELSE e.due END AS today,
  CASE WHEN h.excluded IS NOT NULL THEN h.excluded
    WHEN i.codes IS NOT NULL THEN d.status
    WHEN NOT e.due AND h.reached_at IS NOT NULL THEN 'reached'
    WHEN v.happened_at >= CAST(CAST(:today AS date) AS timestamp) AT TIME ZONE CAST(:zone AS text) THEN v.outcome
    ELSE 'not_visited' END AS status,
  CASE WHEN i.codes IS NOT NULL THEN d.n_visits
    ELSE (SELECT count(*) FROM effective_visits('infinity') o WHERE o.household_id = h.id
      AND o.happened_at >= CAST(CAST(:today AS date) - coalesce(c.cycle_days, 365) + 1 AS timestamp)
        AT TIME ZONE CAST(:zone AS text)) END AS n_visits,
  v.happened_at AS visited_at
FROM household h
JOIN grid_version g ON g.id = h.grid_version_id
JOIN household_class c ON c.code = CASE WHEN h.class_code = ANY (CAST(:folded AS text[]))
  THEN default_class(h.kind) ELSE h.class_code END
JOIN household_class s ON s.code = CASE WHEN c.code = ANY (CAST(:unsaid AS text[]))
  THEN default_class(h.kind) ELSE c.code END
LEFT JOIN compound k ON k.id = h.compound_id
LEFT JOIN LATERAL (
  SELECT d.status, d.n_reached, d.n_visits, p.n_times FROM campaign p
  JOIN campaign_door d ON d.campaign_id = p.id AND d.household_id = h.id
  WHERE p.id = ANY (CAST(:campaign_ids AS bigint[])) ORDER BY d.n_reached >= p.n_times, p.ends_on, p.code LIMIT 1
) d ON true
LEFT JOIN LATERAL (
  SELECT array_agg(p.code ORDER BY p.ends_on, p.code) AS codes,
    array_agg(p.code ORDER BY p.ends_on, p.code) FILTER (WHERE d.status <> 'reached') AS unmet
  FROM campaign p
  JOIN campaign_door d ON d.campaign_id = p.id AND d.household_id = h.id
  WHERE p.id = ANY (CAST(:campaign_ids AS bigint[]))
) i ON true
CROSS JOIN LATERAL (
  SELECT coalesce(c.cycle_days IS NOT NULL
    AND coalesce(CAST(coalesce(h.reached_at, nullif(h.registered_at, '-infinity')) AT TIME ZONE CAST(:zone AS text) AS date)
      + c.cycle_days, CAST(:today AS date)) <= CAST(:today AS date), false) AS due
) e
LEFT JOIN LATERAL (
  SELECT o.happened_at, o.outcome FROM effective_visits('infinity') o
  WHERE o.household_id = h.id ORDER BY o.happened_at DESC, o.id DESC LIMIT 1
) v ON true
WHERE h.grid_version_id = ANY (CAST(:own AS bigint[])) AND h.removed_at IS NULL
  AND (CAST(:ids AS bigint[]) IS NULL OR h.id = ANY (CAST(:ids AS bigint[])))
ORDER BY h.id
LIMIT :n
