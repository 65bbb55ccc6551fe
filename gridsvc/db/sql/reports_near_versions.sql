-- Question: which open reports that no person placed lie in or near these grid versions?
-- Parameters: :version_ids (bigint[]), :nearest_max_m (metres), :now (instant at which they are to be placed)
-- Columns: none; fills to_place (id, geom, at); a report placed by its compound goes by the compound's position
-- Index: report_geom_idx, report_compound_id_idx, placement_current_key, compound_geom_idx
WITH changed AS MATERIALIZED (
  SELECT ST_Expand(geom,
    1.02 * (:nearest_max_m + 0.001) / (110574 * greatest(cos(radians(greatest(abs(ST_YMin(geom)), abs(ST_YMax(geom))))), 0.01)),
    1.02 * (:nearest_max_m + 0.001) / 110574) AS box
  FROM grid_version WHERE id = ANY (:version_ids)
),
by_point AS (
  SELECT DISTINCT ON (r.id) r.id, r.geom
  FROM changed c
  CROSS JOIN LATERAL (SELECT r.id, r.geom FROM report r WHERE r.geom && c.box AND r.open OFFSET 0) r
),
by_compound AS (
  SELECT DISTINCT ON (r.id) r.id, k.geom, r.geom IS NULL AS only_compound
  FROM changed c
  JOIN compound d ON d.geom && c.box
  CROSS JOIN LATERAL (SELECT ST_PointOnSurface(d.geom) AS geom) k
  JOIN report r ON r.compound_id = d.id AND r.open
)
INSERT INTO to_place (id, geom, at)
SELECT b.id, b.geom, :now
FROM by_point b JOIN placement p ON p.report_id = b.id AND p.to_at IS NULL
WHERE p.method IN ('covers', 'nearest', 'none')
UNION ALL
SELECT b.id, b.geom, :now
FROM by_compound b JOIN placement p ON p.report_id = b.id AND p.to_at IS NULL
WHERE p.method = 'compound' OR (p.method = 'none' AND b.only_compound)
ORDER BY 2
