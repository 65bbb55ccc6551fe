-- Question: none; takes out the staged doors that are stored in, or would come to, a grid that this reader does not see
-- Parameters: :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): which grids this reader sees
-- Columns: none; adds to door_refused
-- Index: household_pkey, compound_pkey, the index on grid_version.geom
-- New ones of a compound that lies wholly elsewhere go too, whatever their position: else it would tell which ones are stored.
-- A door outside every grid is nobody's but theirs who see everything, as it is by hand.
WITH seen AS MATERIALIZED (
  SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint)) AS id WHERE NOT :all_areas
),
elsewhere AS MATERIALIZED (
  SELECT c.id FROM compound c
  WHERE NOT :all_areas AND c.geom IS NOT NULL AND c.id IN (SELECT f.compound_id FROM door_found f WHERE f.known_id IS NULL)
    AND NOT EXISTS (
      SELECT FROM grid_version g WHERE ST_Intersects(g.geom, c.geom) AND g.id IN (SELECT s.id FROM seen s))
),
gone AS (
  DELETE FROM door_found d
  USING door_found f
  LEFT JOIN household k ON k.id = f.known_id
  LEFT JOIN placed w ON w.id = f.row
  WHERE NOT :all_areas AND f.row = d.row AND (
    (f.known_id IS NOT NULL AND NOT EXISTS (SELECT FROM seen s WHERE s.id = k.grid_version_id))
    OR ((f.known_id IS NULL OR f.moved) AND NOT EXISTS (SELECT FROM seen s WHERE s.id = w.grid_version_id))
    OR (f.known_id IS NULL AND f.compound_id IN (SELECT e.id FROM elsewhere e)))
  RETURNING d.row
)
INSERT INTO door_refused (row, code, facts) SELECT row, 'door_outside', jsonb_build_object() FROM gone
