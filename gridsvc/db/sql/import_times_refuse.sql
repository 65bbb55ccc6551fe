-- Question: none; takes out rows received in the future or before there was anything to report to
-- Parameters: :latest (instant)
-- Columns: none; adds to import_refused
-- Index: none
WITH gone AS (
  DELETE FROM import_row WHERE received_at > :latest OR received_at < '1900-01-01' RETURNING row, received_at
)
INSERT INTO import_refused (row, code, facts)
SELECT row, CASE WHEN received_at > :latest THEN 'time_ahead' ELSE 'time_too_old' END,
  jsonb_build_object('found', to_char(received_at AT TIME ZONE current_setting('timezone'), 'YYYY-MM-DD HH24:MI'))
FROM gone
