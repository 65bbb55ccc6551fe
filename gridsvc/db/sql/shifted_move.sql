-- Question: none; re-places the shifted reports: ends the placement of each, gives it the new one with who is on duty there
--   now, and writes its row of the log
-- Parameters: :now (instant at which shifted_way was made)
-- Columns: none; as many rows as were re-placed
-- Index: placement_current_key (only while shifted is short)
WITH moved AS (
  UPDATE placement p SET to_at = greatest(:now, p.from_at)
  FROM shifted s
  JOIN shifted_way w ON w.from_id = coalesce(s.from_id, 0) AND w.to_id = coalesce(s.grid_version_id, 0)
    AND w.method = s.method AND w.state = s.state
  WHERE p.report_id = s.id AND p.to_at IS NULL
  RETURNING s.id, s.seq, s.state, s.grid_version_id, s.method, s.distance_m, s.reason, s.before, w.facts, w.said,
    w.worker_id, w.duty
), logged AS (
  INSERT INTO report_log (report_id, seq, action, from_state, to_state, at, facts, digest)
  SELECT id, seq, 'replace', state, state, :now, facts, log_seal(before, id, seq, said) FROM moved
)
-- reads what has ended, so that no placement comes before the one ahead of it has gone
INSERT INTO placement (report_id, seq, from_at, grid_version_id, method, distance_m, reason, worker_id, duty)
SELECT id, seq, :now, grid_version_id, method, distance_m, reason, worker_id, duty FROM moved
