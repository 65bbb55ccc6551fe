-- Question: which doors lie in or near these grid versions?
-- Parameters: :version_ids (bigint[]), :nearest_max_m (metres), :now (instant)
-- Columns: none; fills to_place (id, geom, at)
-- Index: household_geom_idx
INSERT INTO to_place (id, geom, at)
SELECT DISTINCT ON (h.id) h.id, h.geom, CAST(:now AS timestamptz)
FROM grid_version g
CROSS JOIN LATERAL (
  SELECT id, geom FROM household
  WHERE geom && ST_Expand(g.geom,
    1.02 * (:nearest_max_m + 0.001) / (110574 * greatest(cos(radians(greatest(abs(ST_YMin(g.geom)), abs(ST_YMax(g.geom))))), 0.01)),
    1.02 * (:nearest_max_m + 0.001) / 110574)
  OFFSET 0
) h
WHERE g.id = ANY (:version_ids)
