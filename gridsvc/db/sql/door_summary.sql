-- Question: what is there in the staged doors as a whole?
-- Parameters: none
-- Columns: n_new, n_changed, n_same; n_back: of the changed ones, those that were removed; n_alias: those named
--   by an entry that was the same door as another one; n_door, n_building, n_compound: of the new ones, by where the position is from;
--   n_in_compound (of all: they belong to one); west, south, east, north (degrees; null without any)
-- Index: none
SELECT count(*) FILTER (WHERE known_id IS NULL) AS n_new, count(*) FILTER (WHERE known_id IS NOT NULL AND NOT same) AS n_changed,
  count(*) FILTER (WHERE same) AS n_same, count(*) FILTER (WHERE back) AS n_back,
  count(*) FILTER (WHERE alias) AS n_alias, count(*) FILTER (WHERE known_id IS NULL AND position_source = 'door') AS n_door,
  count(*) FILTER (WHERE known_id IS NULL AND position_source = 'building') AS n_building,
  count(*) FILTER (WHERE known_id IS NULL AND position_source = 'compound') AS n_compound,
  count(*) FILTER (WHERE compound_id IS NOT NULL) AS n_in_compound,
  min(lon) AS west, min(lat) AS south, max(lon) AS east, max(lat) AS north
FROM door_found
