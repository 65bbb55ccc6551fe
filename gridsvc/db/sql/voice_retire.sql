-- Question: none; takes these voice notes from the reports that show them, and records each deletion
-- Parameters: :wanted (bytea[]: sha256), :now (instant), :batch (uuid), :rule (words)
-- Columns: n (deletions recorded); one row
-- Index: report_voice_sha256_idx
SELECT retire_voices(CAST(:wanted AS bytea[]), CAST(:now AS timestamptz), CAST(:batch AS uuid), CAST(:rule AS text)) AS n
