-- Question: none; adds one feature of the base map
-- Parameters: :source, :kind (road|building|water), :class_ (or null), :name (or null), :geom (WKB in EPSG:4326)
-- Columns: none
-- Index: none
INSERT INTO basemap (source, kind, class, name, geom) VALUES (:source, :kind, :class_, :name, ST_GeomFromWKB(:geom, 4326))
