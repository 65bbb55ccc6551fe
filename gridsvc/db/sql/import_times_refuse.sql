-- Question: none; takes out rows received in the future or before there was anything to report to, or closed in the future
-- Parameters: :latest (instant)
-- Columns: none; adds to import_refused
-- Index: none
WITH gone AS (
  DELETE FROM import_row WHERE received_at > :latest OR received_at < '1900-01-01' OR closed_at > :latest
  RETURNING row, received_at, closed_at
)
INSERT INTO import_refused (row, code, facts)
SELECT row, w.code, jsonb_build_object('found', to_char(w.at AT TIME ZONE current_setting('timezone'), 'YYYY-MM-DD HH24:MI'))
FROM gone
CROSS JOIN LATERAL (
  VALUES ('time_ahead', received_at, received_at > :latest), ('time_too_old', received_at, received_at < '1900-01-01'),
    ('closed_ahead', closed_at, closed_at > :latest)
) w (code, at, is_so)
WHERE w.is_so
