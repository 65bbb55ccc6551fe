-- Question: is each staged door one that a reader makes, whatever the file says?
-- Parameters: :n_homes (homes told), :kinds (text[]), :most_people, :most_chars (of a level, a tag, a name, a contact)
-- Columns: n, n_rows (different row numbers), is_wrong; one row
-- Index: none
SELECT count(*) AS n, count(DISTINCT row) AS n_rows,
  coalesce(bool_or(row < 1 OR home < 0 OR home >= :n_homes OR kind <> ALL (CAST(:kinds AS text[])) OR odd IS NULL
    OR length(building) > :most_chars OR length(unit) > :most_chars OR length(room) > :most_chars OR length(tag) > :most_chars
    OR length(name) > :most_chars OR length(contact_name) > :most_chars OR length(contact_phone) > :most_chars
    OR (class_code IS NOT NULL AND NOT EXISTS (SELECT FROM household_class c WHERE c.code = r.class_code AND c.active))
    OR (lon IS NULL) <> (lat IS NULL) OR lon NOT BETWEEN -180 AND 180 OR lat NOT BETWEEN -90 AND 90
    OR n_people NOT BETWEEN 0 AND :most_people OR position_source IS NOT NULL), false) AS is_wrong
FROM door_row r
