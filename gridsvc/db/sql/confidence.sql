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
  SELECT d.id, ST_Area(d.geom) AS whole,
    CASE WHEN ST_Covers(g.geom, d.geom) THEN d.geom ELSE ST_Intersection(d.geom, g.geom) END AS part,
    g.id AS grid_version_id, g.code, g.layer
  FROM disc d
  JOIN grid_version g ON ST_Intersects(g.geom, d.geom)
  WHERE g.valid_from <= d.at AND (g.valid_to IS NULL OR g.valid_to > d.at)
),
-- one row a disc with its parts in their order, so that no plan looks for a disc among all others
cut AS (
  SELECT id, whole, array_agg(part ORDER BY layer = 'base', code) AS parts,
    array_agg(grid_version_id ORDER BY layer = 'base', code) AS grid_version_ids,
    array_agg(code ORDER BY layer = 'base', code) AS codes
  FROM touched GROUP BY id, whole
),
shared AS MATERIALIZED (
  SELECT c.id, p.grid_version_id, p.code, round((ST_Area(coalesce(ST_Difference(p.part, (
      SELECT ST_Union(e.part) FROM unnest(c.parts[1 : CAST(p.rank AS int) - 1]) AS e(part) WHERE e.part && p.part
    )), p.part)) / c.whole)::numeric, 4)::float8 AS share
  FROM cut c
  CROSS JOIN LATERAL unnest(c.parts, c.grid_version_ids, c.codes) WITH ORDINALITY AS p(part, grid_version_id, code, rank)
)
SELECT id, grid_version_id, code, share FROM shared WHERE share > 0 ORDER BY id, share DESC, code
