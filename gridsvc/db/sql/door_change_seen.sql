-- Question: what is stored of the doors that the staged ones change, and what was done to each last, in one digest?
-- Parameters: none
-- Columns: digest; one row
-- Index: household_pkey, household_log_household_id_idx
-- Without whom to call there: a digest of them could be tried out until it fits. Who changes them by hand leaves a log.
SELECT encode(sha256(convert_to(coalesce(string_agg(CAST(told AS text), chr(10) ORDER BY told.id), ''), 'UTF8')), 'hex') AS digest
FROM (
  SELECT h.id, h.community_id, h.name, h.class_code, h.n_people, h.registered_elsewhere, CAST(h.geom AS text) AS geom,
    h.position_source, h.removed_at IS NULL AS there,
    (SELECT max(l.id) FROM household_log l WHERE l.household_id = h.id) AS log_id
  FROM door_found f JOIN household h ON h.id = f.known_id
  WHERE NOT f.same
) told
