-- Question: none; notes of the stored doors that the staged ones change who does it, out of which file, and in which fields
-- Parameters: :now (instant), :account_id, :account_role, :note
-- Columns: none; those that only come back are in door_restored alone
-- Index: household_pkey
INSERT INTO household_log (household_id, at, account_id, account_role, action, note, fields)
SELECT id, :now, CAST(:account_id AS bigint), CAST(:account_role AS text), 'changed', CAST(:note AS text), fields
FROM (
  SELECT h.id, array_remove(ARRAY[
    CASE WHEN h.class_code <> f.class_code THEN 'class_code' END,
    CASE WHEN h.community_id IS DISTINCT FROM coalesce(f.said_community_id, h.community_id) THEN 'community_id' END,
    CASE WHEN h.contact_name IS DISTINCT FROM coalesce(f.contact_name, h.contact_name) THEN 'contact_name' END,
    CASE WHEN h.contact_phone IS DISTINCT FROM coalesce(f.contact_phone, h.contact_phone) THEN 'contact_phone' END,
    CASE WHEN f.moved THEN 'lat' END,
    CASE WHEN f.moved THEN 'lon' END,
    CASE WHEN h.n_people IS DISTINCT FROM coalesce(f.n_people, h.n_people) THEN 'n_people' END,
    CASE WHEN h.name IS DISTINCT FROM coalesce(f.name, h.name) THEN 'name' END,
    CASE WHEN h.registered_elsewhere <> f.registered_elsewhere THEN 'registered_elsewhere' END
  ], NULL) AS fields
  FROM door_found f JOIN household h ON h.id = f.known_id
  WHERE NOT f.same
) told
WHERE fields <> '{}'
ORDER BY id
