-- Question: which transactions does a reader see at this moment? As long as the answer is the same, no stored fact is another.
-- Parameters: :most_ms (how long each later statement of this transaction may take)
-- Columns: told (the limit as it was set), seen (text)
-- Index: none
SELECT set_config('statement_timeout', CAST(CAST(:most_ms AS int) AS text), true) AS told,
  CAST(pg_current_snapshot() AS text) AS seen
