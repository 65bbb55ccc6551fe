-- Question: which open reports did no person place? All of them: for when a large part of the grids has changed.
-- Parameters: :now (instant at which they are to be placed)
-- Columns: none; fills to_place (id, geom, at); a report placed by its compound goes by the compound's position
-- Index: none (reads placement and report once)
-- In the order of a curve that fills the plane: neighbours lie on one page, which makes placing three times as quick.
INSERT INTO to_place (id, geom, at)
SELECT o.id, o.geom, :now
FROM (
  SELECT r.id, CASE
      WHEN p.method = 'compound' OR (p.method = 'none' AND r.geom IS NULL)
      THEN (SELECT ST_PointOnSurface(c.geom) FROM compound c WHERE c.id = r.compound_id)
      ELSE r.geom
    END AS geom
  FROM placement p
  JOIN report r ON r.id = p.report_id
  WHERE p.to_at IS NULL AND p.method IN ('covers', 'nearest', 'compound', 'none') AND r.open
) o
WHERE o.geom IS NOT NULL
ORDER BY o.geom
