-- Question: which of these keys of actions and of what came after the text are known?
-- Parameters: :keys (uuid[])
-- Columns: key, account_id, kind, digest, status, report_id, seq
-- Index: sync_item_pkey
SELECT s.key, s.account_id, s.kind, s.digest, s.status, s.report_id, s.seq
FROM sync_item s
WHERE s.key = ANY (CAST(:keys AS uuid[]))
