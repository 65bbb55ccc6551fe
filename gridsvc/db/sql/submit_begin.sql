-- Question: what does a submission need before it is placed: that the editions stay as they are until it is stored, since
--   when they hold, the next running number, whether its category is known, whether its key is, and whether verification
--   has a limit?
-- Parameters: :category (code), :client_key
-- Columns: held (the lock of grids.hold, taken), published_at (of the youngest edition, or null), serial, known,
--   sent (the report of that key, or null), timed; one row
-- Index: category_pkey, report_client_key_key, edition_published_key
SELECT pg_advisory_xact_lock_shared(hashtext('gridsvc.edition'), hashtext(current_schema())) AS held,
  (SELECT max(e.published_at) FROM edition e WHERE e.state = 'published') AS published_at,
  nextval('report_number_seq') AS serial,
  EXISTS (SELECT FROM category c WHERE c.code = :category) AS known,
  (SELECT r.id FROM report r WHERE r.client_key = :client_key) AS sent,
  EXISTS (SELECT FROM stage_limit s WHERE s.stage = 'verify') AS timed
