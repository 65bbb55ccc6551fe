-- Question: none; makes the temporary table of a file's reports; a row has the id that its report would get
-- Parameters: none
-- Columns: none
-- Index: none
CREATE TEMP TABLE import_row (
  id bigint NOT NULL DEFAULT nextval('report_id_seq'), row int NOT NULL, number text COLLATE "C" NOT NULL,
  repeat int NOT NULL DEFAULT 0, received_at timestamptz, day_only boolean NOT NULL, state text NOT NULL,
  category text, category_raw text, closed_at timestamptz, words text, description text, compound text,
  compound_id bigint, reason text, accuracy_m float8, raw_x float8, raw_y float8, lon float8, lat float8,
  place_lon float8, place_lat float8, known_id bigint, same boolean
) ON COMMIT DROP
