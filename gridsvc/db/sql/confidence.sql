-- Question: which share of each position's accuracy disc lies in which grid?
-- Parameters: :ids (bigint[]), :lons, :lats (float8[], degrees), :accuracies (float8[], metres), :ats (timestamptz[])
-- Columns: id, grid_version_id, code, share (0-1, rounded to 4), by id, then share descending, then code
-- Index: grid_version_geom_idx
WITH disc AS MATERIALIZED (
  SELECT i.id, i.at, ST_SetSRID(ST_Translate(ST_Scale(
      ST_Buffer(ST_MakePoint(0, 0), 1, 'quad_segs=16'),
      i.accuracy_m / (111319.49079327358 * cos(radians(i.lat))), i.accuracy_m / 111319.49079327358), i.lon, i.lat), 4326)
    AS geom
  FROM unnest(:ids, :lons, :lats, :accuracies, :ats) AS i(id, lon, lat, accuracy_m, at)
),
touched AS MATERIALIZED (
  SELECT d.id, g.id AS grid_version_id, g.code, ST_Area(d.geom) AS whole, ST_Intersection(d.geom, g.geom) AS part,
    row_number() OVER (PARTITION BY d.id ORDER BY g.layer = 'base', g.code) AS rank
  FROM disc d
  JOIN grid_version g ON ST_Intersects(g.geom, d.geom)
  WHERE g.valid_from <= d.at AND (g.valid_to IS NULL OR g.valid_to > d.at)
),
shared AS (
  SELECT t.id, t.grid_version_id, t.code, round((ST_Area(coalesce(ST_Difference(t.part, (
      SELECT ST_Union(e.part) FROM touched e WHERE e.id = t.id AND e.rank < t.rank AND e.part && t.part
    )), t.part)) / t.whole)::numeric, 4)::float8 AS share
  FROM touched t
)
SELECT id, grid_version_id, code, share FROM shared WHERE share > 0 ORDER BY id, share DESC, code
