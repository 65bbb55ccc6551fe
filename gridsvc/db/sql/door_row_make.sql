-- Question: none; makes the temporary table of doors on their way in, as they came
-- Parameters: none
-- Columns: none (home: number of the door_home that says where the row's compound and community are; levels and tag as they
--   are kept; odd: see door_near; lon, lat: its position, position_source: where that is from, null for its own; class_code, n_people and what follows: null where nothing was said)
-- Index: none
CREATE TEMP TABLE door_row (
  row int NOT NULL, home int NOT NULL, kind text NOT NULL, building text NOT NULL, unit text NOT NULL, room text NOT NULL,
  tag text COLLATE "C", name text, class_code text COLLATE "C", lon float8, lat float8, position_source text, odd boolean, n_people int,
  registered_elsewhere boolean, contact_name text, contact_phone text
) ON COMMIT DROP
