-- Question: may what a phone of this account kept be taken in now, until the transaction ends?
-- Parameters: :account_id
-- Columns: taken (bool: else another request of the account is not through), planned; one row
-- Index: none
-- One at a time for each account: a phone that repeats itself comes again, and then learns what became of its first
-- attempt. It does not wait here: one account would keep the connections from all others. The editions are held before
-- doors and reports are locked, as publishing does; what others store while this waits the next statement sees.
-- What a phone sends is found by its keys, few or many, always in the same way: its statements are planned once, since
-- planning them for each request's values took longer than running them.
SELECT CASE WHEN pg_try_advisory_xact_lock(hashtext('gridsvc.sync' || current_schema()),
    hashint8(CAST(:account_id AS bigint))) THEN
  pg_advisory_xact_lock_shared(hashtext('gridsvc.edition'), hashtext(current_schema()))::text IS NOT NULL
  ELSE false END AS taken, set_config('plan_cache_mode', 'force_generic_plan', true) AS planned
