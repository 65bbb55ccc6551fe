-- Question: none; adds a compound or changes the one with this source and ref
-- Parameters: :source, :ref, :name, :aliases (text[]), :n_households, :n_buildings (or null), :managed (or null),
--   :geom (WKB of a point or (multi)polygon in EPSG:4326)
-- Columns: key, is_new; no row where nothing changed
-- Index: compound_source_ref_key
INSERT INTO compound (source, ref, name, aliases, n_households, n_buildings, managed, geom)
VALUES (:source, :ref, :name, CAST(:aliases AS text[]), :n_households, :n_buildings, :managed, ST_GeomFromWKB(:geom, 4326))
ON CONFLICT (source, ref) DO UPDATE SET name = excluded.name, aliases = excluded.aliases,
  n_households = excluded.n_households, n_buildings = excluded.n_buildings, managed = excluded.managed, geom = excluded.geom
WHERE (compound.name, compound.aliases, compound.n_households, compound.n_buildings, compound.managed)
    IS DISTINCT FROM (excluded.name, excluded.aliases, excluded.n_households, excluded.n_buildings, excluded.managed)
  OR NOT ST_OrderingEquals(ST_Normalize(compound.geom), ST_Normalize(excluded.geom))
RETURNING ref AS key, xmax = 0 AS is_new
