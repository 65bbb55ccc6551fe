-- Question: none; takes out rows on no grid whose position is farther than allowed from every published grid
-- Parameters: :far_m (metres), :west, :south, :east, :north (degrees: the published grids and that far around them)
-- Columns: none; adds to import_refused, with the position as it came
-- Index: grid_version_geom_idx
WITH off AS MATERIALIZED (
  SELECT i.row, ST_SetSRID(ST_MakePoint(i.lon, i.lat), 4326) AS geom,
    i.lon BETWEEN :west AND :east AND i.lat BETWEEN :south AND :north AS in_box
  FROM import_row i
  WHERE i.lon IS NOT NULL AND NOT EXISTS (SELECT FROM placed p WHERE p.id = i.id)
),
far AS (
  SELECT o.row FROM off o
  WHERE NOT o.in_box OR (
    -- nearest in degrees is near enough to say yes; only where it says no every grid around is asked
    NOT coalesce((
      SELECT ST_Distance(n.geom::geography, o.geom::geography) <= :far_m
      FROM (
        SELECT geom FROM grid_version WHERE valid_from IS NOT NULL AND valid_to IS NULL ORDER BY geom <-> o.geom LIMIT 1
      ) n), false)
    AND NOT EXISTS (
      SELECT FROM grid_version g
      WHERE g.valid_from IS NOT NULL AND g.valid_to IS NULL AND g.geom && ST_Expand(
          o.geom, 1.02 * :far_m / (110574 * greatest(cos(radians(ST_Y(o.geom))), 0.01)), 1.02 * :far_m / 110574)
        AND ST_DWithin(g.geom::geography, o.geom::geography, :far_m)))
),
gone AS (
  DELETE FROM import_row i USING far f WHERE i.row = f.row
  RETURNING i.row, coalesce(i.raw_x, i.lon) AS x, coalesce(i.raw_y, i.lat) AS y
)
INSERT INTO import_refused (row, code, facts)
SELECT row, 'position_far', jsonb_build_object('x', x, 'y', y, 'far_km', round(:far_m / 1000)) FROM gone
