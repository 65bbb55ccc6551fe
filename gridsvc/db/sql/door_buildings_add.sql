-- Question: none; adds the places of buildings that no door tells
-- Parameters: :compound_ids (bigint[]), :buildings (text[]), :lons, :lats (float8[], degrees): as long as one another
-- Columns: none
-- Index: none
INSERT INTO door_building (compound_id, building, lon, lat)
SELECT DISTINCT ON (n.compound_id, n.building) n.*
FROM unnest(CAST(:compound_ids AS bigint[]), CAST(:buildings AS text[]), CAST(:lons AS float8[]), CAST(:lats AS float8[]))
  AS n (compound_id, building, lon, lat)
WHERE NOT EXISTS (
  SELECT FROM door_building d WHERE d.compound_id = n.compound_id AND d.building = n.building)
