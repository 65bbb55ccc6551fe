-- Cases of reports in one round trip, held against other writers where that is asked for.

-- The rows are locked first: the statement behind it has a snapshot of its own, so that it sees what was written while we
-- waited. One statement alone would join the new row to the log and the placement as they were before.
CREATE FUNCTION stored_cases(wanted_ids bigint[], held boolean)
RETURNS TABLE (r report, seq integer, digest bytea, area_id bigint, has_resident boolean)
ROWS 1 LANGUAGE plpgsql AS $$
BEGIN IF held THEN
  PERFORM FROM report h WHERE h.id = ANY (wanted_ids) ORDER BY h.id FOR UPDATE; END IF; RETURN QUERY
  SELECT h, l.seq, l.digest, g.area_id,
    EXISTS (SELECT FROM reporter e WHERE e.report_id = h.id AND e.secret_hash IS NOT NULL)
  FROM report h
  CROSS JOIN LATERAL (
    SELECT o.seq, o.digest FROM report_log o WHERE o.report_id = h.id ORDER BY o.seq DESC LIMIT 1
  ) l
  LEFT JOIN placement p ON p.report_id = h.id AND p.to_at IS NULL
  LEFT JOIN grid_version g ON g.id = p.grid_version_id
  WHERE h.id = ANY (wanted_ids)
  ORDER BY h.id; END
$$;
