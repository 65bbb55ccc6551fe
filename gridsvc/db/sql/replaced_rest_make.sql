-- Question: which open reports that no person placed did replaced_covered_make give no grid?
-- Parameters: :now (instant at which they are to be placed)
-- Columns: none; makes to_place (id, geom, at); a report placed by its compound goes by the compound's position
-- Index: none (reads placement and report once)
CREATE UNLOGGED TABLE to_place AS
SELECT o.id, CAST(o.geom AS geometry(Point, 4326)) AS geom, CAST(:now AS timestamptz) AS at
FROM (
  SELECT r.id, CASE
      WHEN p.method = 'compound' OR (p.method = 'none' AND r.geom IS NULL)
      THEN (SELECT ST_PointOnSurface(c.geom) FROM compound c WHERE c.id = r.compound_id)
      ELSE r.geom
    END AS geom
  FROM report r
  JOIN placement p ON p.report_id = r.id AND p.to_at IS NULL AND p.method IN ('covers', 'nearest', 'compound', 'none')
  WHERE r.open AND NOT EXISTS (SELECT FROM placed w WHERE w.id = r.id)
) o
WHERE o.geom IS NOT NULL
