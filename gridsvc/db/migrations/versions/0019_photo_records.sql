-- The serving role cleans photos while it serves, and each deletion is recorded; it can record none that it did not do.

CREATE FUNCTION retire_photos(wanted bytea[], now_at timestamptz, in_batch uuid, by_rule text) RETURNS bigint
LANGUAGE sql SECURITY DEFINER
BEGIN ATOMIC WITH gone AS (DELETE FROM report_photo x WHERE x.sha256 = ANY (wanted) RETURNING x.report_id, x.seq),
  recorded AS (INSERT INTO deletion_record (at, batch, report_id, seq, what, rule)
    SELECT now_at, in_batch, g.report_id, g.seq, 'photo', by_rule FROM gone g RETURNING report_id)
  SELECT count(*) FROM recorded; END;
