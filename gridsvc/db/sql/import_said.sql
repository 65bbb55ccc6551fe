-- Question: what does log_said make of the first log row of an imported report, by the state it begins in?
-- Parameters: :now (instant), :facts (jsonb: the name of the file), :states (text[])
-- Columns: said (jsonb: state -> words)
-- Index: none
SELECT jsonb_object_agg(s, log_said('import', NULL, s, NULL, CAST(:now AS timestamptz), NULL, CAST(:facts AS jsonb))) AS said
FROM unnest(CAST(:states AS text[])) s
