-- Question: how far do the current grids of a reader reach, and the unplaced reports where the reader sees those too?
-- Parameters: :area_ids (bigint[]), :worker_id (bigint or null), :queue (bool: unplaced ones too): whose
-- Columns: west, south, east, north (degrees; null: nothing is the reader's)
-- Index: placement_unplaced_idx
SELECT ST_XMin(b.box) AS west, ST_YMin(b.box) AS south, ST_XMax(b.box) AS east, ST_YMax(b.box) AS north
FROM (
  SELECT ST_Extent(own.geom) AS box
  FROM (
    SELECT g.geom FROM grid_version g
    WHERE g.valid_from IS NOT NULL AND g.valid_to IS NULL
      AND g.id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint)))
    UNION ALL
    SELECT r.geom FROM placement p JOIN report r ON r.id = p.report_id
    WHERE :queue AND p.to_at IS NULL AND p.grid_version_id IS NULL AND r.state <> 'void'
  ) own
) b
