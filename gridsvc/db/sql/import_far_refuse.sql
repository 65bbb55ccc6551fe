-- Question: none; takes out rows on no grid, or placed by their compound, whose position is farther than allowed from every
--   published grid
-- Parameters: :far_m (metres), :west, :south, :east, :north (degrees: the published grids and that far around them)
-- Columns: none; adds to import_refused, with the position as it came
-- Index: grid_version_geom_idx
WITH off AS MATERIALIZED (
  SELECT i.row, ST_SetSRID(ST_MakePoint(i.lon, i.lat), 4326) AS geom,
    i.lon BETWEEN :west AND :east AND i.lat BETWEEN :south AND :north AS in_box,
    1.0 / (110574 * greatest(cos(radians(i.lat)), 0.01)) AS lon_deg, 1.0 / 110574 AS lat_deg  -- of a metre
  FROM (SELECT id FROM import_found WHERE reason = 'outside' OR method = 'compound') f
  JOIN import_row i ON i.id = f.id AND i.lon IS NOT NULL
),
far AS (
  SELECT o.row FROM off o
  WHERE NOT o.in_box OR (
    -- the box of a small grid a quarter of the way off is near enough to say no without looking at any outline
    NOT EXISTS (
      SELECT FROM grid_version g
      WHERE g.valid_from IS NOT NULL AND g.valid_to IS NULL
        AND g.geom && ST_Expand(o.geom, 0.25 * :far_m * o.lon_deg, 0.25 * :far_m * o.lat_deg)
        AND ST_XMax(g.geom) - ST_XMin(g.geom) < 0.15 * :far_m * o.lon_deg
        AND ST_YMax(g.geom) - ST_YMin(g.geom) < 0.15 * :far_m * o.lat_deg)
    AND NOT EXISTS (
      SELECT FROM grid_version g
      WHERE g.valid_from IS NOT NULL AND g.valid_to IS NULL
        AND g.geom && ST_Expand(o.geom, 1.02 * :far_m * o.lon_deg, 1.02 * :far_m * o.lat_deg)
        AND ST_DWithin(g.geom::geography, o.geom::geography, :far_m)))
),
found_no_more AS (
  DELETE FROM import_found u USING far f WHERE u.row = f.row
),
gone AS (
  DELETE FROM import_row i USING far f WHERE i.row = f.row
  RETURNING i.row, coalesce(i.raw_x, i.lon) AS x, coalesce(i.raw_y, i.lat) AS y
)
INSERT INTO import_refused (row, code, facts)
SELECT row, 'position_far', jsonb_build_object('x', x, 'y', y, 'far_km', round(:far_m / 1000)) FROM gone
