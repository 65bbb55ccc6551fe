-- Question: which of these rows, the last ones of their logs once, are no longer there as they were?
-- Parameters: :report_ids (bigint[]), :seqs (integer[]), :digests (bytea[]), :sources, :numbers (text[]), :repeats (integer[])
-- Columns: report_id, number, seq; in their order
-- Index: report_log_pkey, report_pkey
SELECT a.report_id, a.number, a.seq
FROM unnest(CAST(:report_ids AS bigint[]), CAST(:seqs AS integer[]), CAST(:digests AS bytea[]), CAST(:sources AS text[]),
  CAST(:numbers AS text[]), CAST(:repeats AS integer[])) WITH ORDINALITY
  AS a (report_id, seq, digest, source, number, repeat, place)
LEFT JOIN report_log l ON l.report_id = a.report_id AND l.seq = a.seq
LEFT JOIN report r ON r.id = a.report_id
WHERE l.digest IS DISTINCT FROM a.digest OR (r.source, r.number, r.repeat) IS DISTINCT FROM (a.source, a.number, a.repeat)
ORDER BY a.place
