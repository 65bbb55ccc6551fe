-- Question: how many reports received in a period lie in each square cell, of all and of this reader's?
-- Parameters: :from_at, :to_at, :held_at (instants), :category (code or null), :cell_m (metres), :srid (metric CRS),
--   :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null), :queue (bool: unplaced ones too): whose
-- Columns: i, j (cell counted from the CRS's origin), n (all), n_seen (the reader's)
-- Index: report_received_at_id_idx, placement_pkey
SELECT floor(ST_X(m.geom) / :cell_m)::bigint AS i, floor(ST_Y(m.geom) / :cell_m)::bigint AS j, count(*) AS n,
  count(*) FILTER (WHERE :all_areas OR g.id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint)))
    OR (:queue AND g.id IS NULL)) AS n_seen
FROM report r
JOIN placement p ON p.report_id = r.id AND (p.from_at <= :held_at OR p.seq = 1) AND (p.to_at IS NULL OR p.to_at > :held_at)
LEFT JOIN grid_version g ON g.id = p.grid_version_id
CROSS JOIN LATERAL (SELECT ST_Transform(r.geom, CAST(:srid AS int)) AS geom) m
WHERE r.received_at >= :from_at AND r.received_at < :to_at AND r.state <> 'void' AND r.geom IS NOT NULL
  AND (CAST(:category AS text) IS NULL OR r.category = CAST(:category AS text))
GROUP BY 1, 2
