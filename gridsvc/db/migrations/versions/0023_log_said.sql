-- log_digest in two halves, for writing many rows that say the same: what they say is put into words once (log_said), each
-- row is sealed with its own number and the row before it (log_seal). log_seal(before, id, seq, log_said(…)) = log_digest(…).
CREATE FUNCTION log_said(action text, from_state text, to_state text, actor_id bigint, at timestamptz, note_digest bytea,
  facts jsonb)
RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT substr(ROW($1, $2, $3, $4, (extract(epoch FROM $5) * 1000000)::bigint, encode($6, 'hex'), $7)::text, 2)
$$;

CREATE FUNCTION log_seal(before bytea, report_id bigint, seq integer, said text)
RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT sha256(coalesce($1, ''::bytea) || convert_to('(' || $2 || ',' || $3 || ',' || $4, 'UTF8'))
$$;
