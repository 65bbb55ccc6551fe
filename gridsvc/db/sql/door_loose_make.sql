-- Question: none; makes the table of the staged doors that have a position of their own and name no compound
-- Parameters: none
-- Columns: none; makes the temporary table door_loose (row, geom)
-- Index: none
CREATE TEMP TABLE door_loose ON COMMIT DROP AS
SELECT r.row, CAST(ST_SetSRID(ST_MakePoint(r.lon, r.lat), 4326) AS geometry(Point, 4326)) AS geom
FROM door_row r JOIN door_home h ON h.nr = r.home
WHERE h.compound_id IS NULL AND h.reason IS NULL AND r.lon IS NOT NULL
