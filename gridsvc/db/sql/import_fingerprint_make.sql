-- Question: none; makes the function that tells whether a row says the same as when it was imported before
-- Parameters: none; the position counts as it came and by the name of its system, so that a repair of ours changes nothing
-- Columns: none; 8 bytes of the hash that PostgreSQL partitions by, which therefore stays the same across its versions
-- Index: none
CREATE OR REPLACE FUNCTION pg_temp.fingerprint(i import_row, crs text) RETURNS bytea LANGUAGE sql STABLE AS $$
  SELECT int8send(hash_record_extended(ROW(
    i.received_at, i.day_only, i.state, i.category, i.category_raw, i.closed_at, i.words, i.description, i.compound,
    i.accuracy_m, coalesce(i.raw_x, i.lon), coalesce(i.raw_y, i.lat), CASE WHEN i.lon IS NOT NULL THEN crs END), 0))
$$
