-- Question: which grids of these editions that a reader sees reach into a tile?
-- Parameters: :z, :x, :y (tile numbers, y from the north), :west, :south, :east, :north (degrees around the tile),
--   :edition_ids (bigint[]), :all_areas (bool), :area_ids (bigint[]), :worker_id (bigint or null): whose
-- Columns: one bytea: a Mapbox vector tile with layer grids (code, name, layer), dedicated ones last
-- Index: grid_version_geom_idx, edition_grid_pkey
WITH tile AS (
  -- a tile has 4096 units a side and is drawn at 256 pixels or more: half a pixel is 8 of them
  SELECT ST_TileEnvelope(:z, :x, :y) AS box, 40075016.7 / 2 ^ CAST(:z AS int) / 512 AS half_pixel
),
found AS (
  SELECT g.code, g.name, g.layer,
    ST_AsMVTGeom(ST_Simplify(ST_Transform(g.geom, 3857), t.half_pixel, true), t.box, 4096, 64) AS geom
  FROM tile t
  JOIN grid_version g ON g.geom && ST_MakeEnvelope(:west, :south, :east, :north, 4326)
  WHERE EXISTS (SELECT FROM edition_grid e WHERE e.grid_version_id = g.id AND e.edition_id = ANY (CAST(:edition_ids AS bigint[])))
    AND (:all_areas OR g.id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint))))
  ORDER BY g.layer, g.code
)
SELECT ST_AsMVT(f, 'grids', 4096, 'geom') AS tile FROM found f WHERE f.geom IS NOT NULL
