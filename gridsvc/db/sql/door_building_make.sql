-- Question: none; makes the table of the buildings whose place other doors tell: the middle of their own positions, those of
--   the staged doors and those of the register
-- Parameters: none
-- Columns: none; the table has compound_id, building, lon, lat
-- Index: household_key (by compound)
CREATE TEMP TABLE door_building ON COMMIT DROP AS
SELECT compound_id, building, avg(lon) AS lon, avg(lat) AS lat
FROM (
  SELECT h.compound_id, r.building, r.lon, r.lat
  FROM door_row r JOIN door_home h ON h.nr = r.home
  WHERE r.lon IS NOT NULL AND h.compound_id IS NOT NULL
  UNION ALL
  SELECT k.compound_id, k.building, ST_X(k.geom), ST_Y(k.geom)
  FROM household k
  WHERE k.position_source IN ('door', 'building') AND k.compound_id IN (SELECT compound_id FROM door_home)
    AND EXISTS (SELECT FROM door_row WHERE lon IS NULL)
) told
WHERE building <> '无'
GROUP BY compound_id, building
