-- Question: none; adds one grid of a file
-- Parameters: :row (data row), :code, :name, :geom (WKB of a MultiPolygon in EPSG:4326)
-- Columns: none
-- Index: none
INSERT INTO incoming_grid (row, code, name, geom) VALUES (:row, :code, :name, ST_GeomFromWKB(:geom, 4326))
