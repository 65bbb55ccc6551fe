-- Question: may files be written (many at once), or taken away (nobody else then)? Held until the transaction ends.
-- Parameters: :alone (bool: taken away)
-- Columns: held, token (what the folder of this schema's photos is marked with)
-- Index: none
SELECT CASE WHEN :alone THEN pg_advisory_xact_lock(hashtext('gridsvc.photo'), hashtext(current_schema()))
  ELSE pg_advisory_xact_lock_shared(hashtext('gridsvc.photo'), hashtext(current_schema())) END AS held,
  (SELECT f.token FROM photo_folder f) AS token
