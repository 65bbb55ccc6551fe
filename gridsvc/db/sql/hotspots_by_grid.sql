-- Question: how many reports received in a period lay in each grid, by the placements that held at its end?
-- Parameters: :from_at, :to_at, :held_at (instants), :category (code or null), :denominator (registered|stated|none),
--   :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which grids this reader sees
-- Columns: id (version), code, name, layer, n, denom (households or null), retired (in no current edition), area_id,
--   area_code, area_name (null: in no area), seen (by this reader), by code; last, with nothing else, n in no grid
-- Index: placement_ended_idx, placement_open_idx, placement_past_idx; for a category report_received_at_id_idx,
--   placement_pkey; grid_version_current_key, household_grid_version_id_idx
WITH part (grid_version_id, n) AS (
  -- of every category, what the current placements tell: of ended reports without asking them,
  SELECT p.grid_version_id, count(*)
  FROM placement p
  WHERE CAST(:category AS text) IS NULL AND p.to_at IS NULL AND p.ended IS NOT NULL AND p.ended <> 'void'
    AND p.received_at >= :from_at AND p.received_at < :to_at AND (p.from_at <= :held_at OR p.seq = 1)
  GROUP BY p.grid_version_id
  UNION ALL
  SELECT p.grid_version_id, count(*)
  FROM placement p JOIN report r ON r.id = p.report_id AND r.open
  WHERE CAST(:category AS text) IS NULL AND p.to_at IS NULL AND p.ended IS NULL
    AND r.received_at >= :from_at AND r.received_at < :to_at AND (p.from_at <= :held_at OR p.seq = 1)
  GROUP BY p.grid_version_id
  UNION ALL
  -- and those that were superseded since the instant that counts
  SELECT p.grid_version_id, count(*)
  FROM placement p JOIN report r ON r.id = p.report_id
  WHERE CAST(:category AS text) IS NULL AND p.to_at > :held_at AND (p.from_at <= :held_at OR p.seq = 1)
    AND r.received_at >= :from_at AND r.received_at < :to_at AND r.state <> 'void'
  GROUP BY p.grid_version_id
  UNION ALL
  SELECT p.grid_version_id, count(*)
  FROM report r
  JOIN placement p ON p.report_id = r.id AND (p.from_at <= :held_at OR p.seq = 1) AND (p.to_at IS NULL OR p.to_at > :held_at)
  WHERE r.category = CAST(:category AS text)
    AND r.received_at >= :from_at AND r.received_at < :to_at AND r.state <> 'void'
  GROUP BY p.grid_version_id
),
counted AS (
  SELECT grid_version_id, sum(n) AS n FROM part GROUP BY grid_version_id
),
by_code AS (
  SELECT g.layer, g.code, sum(c.n) AS n, max(g.id) AS latest_id
  FROM counted c JOIN grid_version g ON g.id = c.grid_version_id
  GROUP BY g.layer, g.code
),
current_grid AS (
  SELECT id, layer, code FROM grid_version WHERE valid_from IS NOT NULL AND valid_to IS NULL
),
shown AS (
  SELECT coalesce(k.id, b.latest_id) AS id, coalesce(b.n, 0) AS n, k.id IS NULL AS retired
  FROM current_grid k FULL JOIN by_code b ON b.layer = k.layer AND b.code = k.code
),
doors AS (
  SELECT grid_version_id, count(*) AS n FROM household
  WHERE :denominator = 'registered' AND grid_version_id IS NOT NULL AND kind = 'household' AND removed_at IS NULL
  GROUP BY grid_version_id
),
stated AS (
  -- a compound's households shared over the base grids by area; a compound that is a point goes whole to its grid
  SELECT k.id AS grid_version_id, round(sum(k.n))::bigint AS n
  FROM (
    SELECT g.id, c.n_households * CASE WHEN ST_Dimension(c.geom) = 0 THEN 1.0
        ELSE ST_Area(ST_Intersection(c.geom, g.geom)) / ST_Area(c.geom) END AS n,
      ST_Dimension(c.geom) > 0 OR row_number() OVER (PARTITION BY c.id ORDER BY g.code) = 1 AS counts
    FROM compound c
    JOIN grid_version g ON ST_Intersects(g.geom, c.geom)
    WHERE :denominator = 'stated' AND c.n_households > 0
      AND g.layer = 'base' AND g.valid_from IS NOT NULL AND g.valid_to IS NULL
  ) k
  WHERE k.counts
  GROUP BY k.id
)
SELECT g.id, g.code, g.name, g.layer, s.n::bigint AS n, coalesce(d.n, t.n) AS denom, s.retired,
  a.id AS area_id, a.code AS area_code, a.name AS area_name,
  (:all_areas OR g.id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint)))) AS seen
FROM shown s
JOIN grid_version g ON g.id = s.id
LEFT JOIN area a ON a.id = g.area_id
LEFT JOIN doors d ON d.grid_version_id = g.id
LEFT JOIN stated t ON t.grid_version_id = g.id
UNION ALL
SELECT NULL, NULL, NULL, NULL, coalesce(sum(n), 0)::bigint, NULL, NULL, NULL, NULL, NULL, NULL
FROM counted WHERE grid_version_id IS NULL
ORDER BY code, layer
