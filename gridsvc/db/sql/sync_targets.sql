-- Question: which reports are meant by these names, or by these keys of drafts of this account?
-- Parameters: :sources, :numbers (text[]), :repeats (integer[]): a name each; :keys (uuid[]), :account_id
-- Columns: id, source, number, repeat, client_key (null where it was named), own (bool: this account sent it), sent_key
--   (that of the draft, whoever sent it, or null)
-- Index: report_source_number_repeat_key, report_client_key_key
SELECT r.id, r.source, r.number, r.repeat, CAST(NULL AS uuid) AS client_key,
  coalesce(r.sender_id = CAST(:account_id AS bigint), false) AS own, r.client_key AS sent_key
FROM unnest(CAST(:sources AS text[]), CAST(:numbers AS text[]), CAST(:repeats AS integer[])) AS n (source, number, repeat)
JOIN report r ON r.source = n.source AND r.number = n.number AND r.repeat = n.repeat
UNION ALL
SELECT r.id, r.source, r.number, r.repeat, r.client_key, true, r.client_key
FROM report r
WHERE r.client_key = ANY (CAST(:keys AS uuid[])) AND r.client_key IS NOT NULL
  AND r.sender_id = CAST(:account_id AS bigint)
