-- Question: which open reports that no person placed are on a grid version that holds no longer?
-- Parameters: :now (instant at which they are to be placed)
-- Columns: none; fills to_place (id, geom, at); a report placed by its compound goes by the compound's position
-- Index: placement_grid_idx, report_pkey, compound_pkey
INSERT INTO to_place (id, geom, at)
SELECT r.id, CASE WHEN p.method = 'compound' THEN ST_PointOnSurface(c.geom) ELSE r.geom END, :now
FROM grid_version g
JOIN placement p ON p.grid_version_id = g.id AND p.to_at IS NULL AND p.method IN ('covers', 'nearest', 'compound')
JOIN report r ON r.id = p.report_id AND r.open
LEFT JOIN compound c ON c.id = r.compound_id
WHERE g.valid_to IS NOT NULL
