-- Question: for how many reports does each figure of rules.rates count in a period, by where they belong?
-- Parameters: :from_at (inclusive), :to_at (exclusive), :held_at (when we look, at most :to_at; instants),
--   :by (grid|area|department|category), :definition (due_i|due_ii), :without_suspended (bool: taken out of what was due),
--   :all_areas (bool), :area_ids (bigint[]), :worker_id, :department_id (bigint or null), :queue (bool: unplaced ones too)
-- Columns: code (null: on no grid, with no department), name, name_en, layer, and every name of rules.rates.MEASURES
-- Index: report_log_pkey, report_log_at_idx (what is received, filed, due and disposed of is read in one pass over report)
WITH later AS MATERIALIZED (  -- something happened to these since we looked: their columns tell of another day
  SELECT DISTINCT l.report_id AS id FROM report_log l WHERE l.at >= :held_at AND l.seq > 1
),
told AS MATERIALIZED (  -- their logs; times never run backwards, and what an import brings was there when it was received
  SELECT l.report_id, l.seq, l.to_state, l.facts -> 'set' AS changed,
    CASE WHEN jsonb_exists(l.facts -> 'category', 'to') THEN l.facts -> 'category' END AS category,  -- by hand or an import
    max(CASE WHEN l.seq = 1 THEN r.received_at ELSE l.at END) OVER (PARTITION BY l.report_id ORDER BY l.seq) AS at
  FROM later n
  JOIN report r ON r.id = n.id AND r.received_at < :held_at
  JOIN report_log l ON l.report_id = r.id
),
stood AS (
  SELECT t.report_id, max(t.seq) FILTER (WHERE t.at < :held_at) AS seq,
    (array_agg(t.to_state ORDER BY t.seq DESC) FILTER (WHERE t.at < :held_at))[1] AS state,
    coalesce((array_agg(t.category ->> 'to' ORDER BY t.seq DESC) FILTER (WHERE t.at < :held_at AND t.category IS NOT NULL))[1],
      (array_agg(t.category ->> 'from' ORDER BY t.seq) FILTER (WHERE t.category IS NOT NULL))[1]) AS category
  FROM told t
  GROUP BY t.report_id
),
made AS (  -- of two values the later one counts
  SELECT t.report_id, jsonb_object_agg(e.key, e.value ORDER BY t.seq) AS fields
  FROM told t
  CROSS JOIN LATERAL jsonb_each(t.changed) e
  WHERE t.at < :held_at
  GROUP BY t.report_id
),
known AS (  -- each case as it stood when we looked; seq: the last row of its log that counts, null: every one
  SELECT r.id, NULL AS seq, r.source, r.received_at, r.state, r.category, r.department_id, r.by_staff, r.outcome,
    r.verified, r.verified_at, r.filed_at, r.dispatched_at, r.accepted_at, r.due_at, r.disposed_at, r.checked_at, r.closed_at,
    r.suspended_at, r.n_returns, r.n_rework, r.n_extensions
  FROM report r
  WHERE r.received_at < :held_at
    AND (r.received_at >= :from_at OR r.filed_at >= :from_at OR r.dispatched_at >= :from_at OR r.disposed_at >= :from_at
      OR r.closed_at >= :from_at OR r.due_at >= :from_at OR (r.disposed_at IS NULL AND r.filed_at IS NOT NULL)
      OR r.id IN (SELECT l.report_id FROM report_log l WHERE l.at >= :from_at AND l.action IN ('close', 'rate')))
    AND NOT EXISTS (SELECT FROM later n WHERE n.id = r.id)
  UNION ALL
  SELECT r.id, s.seq, r.source, r.received_at, s.state, coalesce(s.category, r.category), c.department_id, r.by_staff,
    c.outcome, c.verified, c.verified_at, c.filed_at, c.dispatched_at, c.accepted_at, c.due_at, c.disposed_at, c.checked_at, c.closed_at,
    c.suspended_at, coalesce(c.n_returns, 0), coalesce(c.n_rework, 0), coalesce(c.n_extensions, 0)
  FROM stood s
  JOIN report r ON r.id = s.report_id
  LEFT JOIN made m ON m.report_id = s.report_id
  CROSS JOIN LATERAL jsonb_populate_record(CAST(NULL AS report), coalesce(m.fields, '{}')) c
),
fact AS MATERIALIZED (
  SELECT * FROM known k
  -- what an import brought closed or void ran its course elsewhere, and nothing of it is known
  WHERE NOT (k.source <> 'gridsvc' AND k.filed_at IS NULL AND k.disposed_at IS NULL
    AND k.state IN ('closed', 'struck_off', 'void'))
),
said AS (  -- what was asked of residents in the period, and what they answered
  SELECT l.report_id, l.action, l.facts -> 'set' AS given, lead(l.action) OVER (PARTITION BY l.report_id ORDER BY l.seq) AS next
  FROM report_log l
  JOIN reporter p ON p.report_id = l.report_id AND p.linked
  WHERE l.action IN ('close', 'rate') AND l.at >= :from_at AND l.at < :held_at
),
asking AS (  -- each closing asks, and each rating counts as it was given, whatever became of it
  SELECT s.report_id, count(*) FILTER (WHERE s.action = 'close') AS asked,
    count(*) FILTER (WHERE s.action = 'close' AND s.next = 'rate') AS answered,
    count(*) FILTER (WHERE s.action = 'rate') AS rated,
    count(*) FILTER (WHERE s.action = 'rate' AND s.given ->> 'solved' = 'solved') AS solved,
    count(*) FILTER (WHERE s.action = 'rate' AND s.given ->> 'satisfied' IN ('satisfied', 'basically')) AS satisfied
  FROM said s
  GROUP BY s.report_id
),
timed AS (
  SELECT f.*, p.grid_version_id, q.asked, q.answered, q.rated, q.solved, q.satisfied, s.verify_due_at, s.dispatch_due_at,
    s.accept_due_at, s.check_due_at,
    f.received_at >= :from_at AS is_received,
    coalesce(f.filed_at >= :from_at AND f.filed_at < :held_at, false) AS is_filed,
    coalesce(f.dispatched_at >= :from_at AND f.dispatched_at < :held_at, false) AS is_dispatched,
    coalesce(f.disposed_at >= :from_at AND f.disposed_at < :held_at, false) AS is_disposed,
    f.verified IN ('exists', 'absent') AND f.verified_at < :held_at AS was_verified,
    coalesce(f.filed_at < :held_at, false) AS was_filed,
    coalesce(f.dispatched_at < :held_at, false) AS was_dispatched,
    coalesce(f.disposed_at < :held_at, false) AS was_disposed,
    coalesce(f.disposed_at <= coalesce(f.due_at, f.disposed_at), false) AS in_time,
    f.state IN ('closed', 'struck_off') AND coalesce(f.closed_at < :held_at, false) AS was_closed
  FROM fact f
  LEFT JOIN placement p ON p.report_id = f.id AND (p.from_at < :held_at OR p.seq = 1) AND (p.to_at IS NULL OR p.to_at >= :held_at)
  LEFT JOIN asking q ON q.report_id = f.id
  LEFT JOIN LATERAL (  -- the last limit that each stage was given
    SELECT (array_agg(l.until ORDER BY l.seq DESC) FILTER (WHERE l.stage = 'verify'))[1] AS verify_due_at,
      (array_agg(l.until ORDER BY l.seq DESC) FILTER (WHERE l.stage = 'dispatch'))[1] AS dispatch_due_at,
      (array_agg(l.until ORDER BY l.seq DESC) FILTER (WHERE l.stage = 'accept'))[1] AS accept_due_at,
      (array_agg(l.until ORDER BY l.seq DESC) FILTER (WHERE l.stage = 'check'))[1] AS check_due_at
    FROM (
      SELECT l.seq, l.facts -> 'set' ->> 'stage' AS stage,
        CAST(l.facts -> 'set' ->> 'stage_due_at' AS timestamptz) AS until
      FROM report_log l
      WHERE l.report_id = f.id AND (f.seq IS NULL OR l.seq <= f.seq)
    ) l
  ) s ON (f.received_at >= :from_at OR f.filed_at >= :from_at OR f.dispatched_at >= :from_at OR f.disposed_at >= :from_at)
),
measured AS (
  SELECT t.*,
    t.is_received AND (t.outcome IS NOT DISTINCT FROM 'on_spot') AND t.was_disposed AS is_on_spot,
    t.is_received AND NOT t.by_staff AND coalesce(t.verify_due_at < :held_at OR
      (t.was_verified AND t.verify_due_at IS NOT NULL), false) AS is_verify_due,
    t.is_filed AND coalesce(t.dispatch_due_at < :held_at OR (t.was_dispatched AND t.dispatch_due_at IS NOT NULL), false)
      AS is_dispatch_due,
    t.is_dispatched AND coalesce(t.accept_due_at < :held_at
      OR (t.accepted_at < :held_at AND t.accept_due_at IS NOT NULL), false) AS is_accept_due,
    t.is_disposed AND coalesce(t.check_due_at < :held_at
      OR (t.checked_at < :held_at AND t.check_due_at IS NOT NULL), false) AS is_check_due,
    t.was_filed AND t.state NOT IN ('void', 'not_filed', 'merged') AND NOT (:without_suspended AND t.suspended_at IS NOT NULL)
      AND CASE CAST(:definition AS text) WHEN 'due_i' THEN coalesce(
          (t.due_at >= :from_at AND t.due_at < :to_at)
          OR (t.due_at < :from_at AND (t.disposed_at IS NULL OR t.disposed_at >= :from_at)), false)
        ELSE t.is_disposed OR (NOT t.was_disposed AND coalesce(t.due_at < :held_at, false) AND t.suspended_at IS NULL)
      END AS is_due
  FROM timed t
),
keyed AS (
  SELECT m.*, g.layer, CASE CAST(:by AS text) WHEN 'grid' THEN g.code WHEN 'area' THEN a.code WHEN 'department' THEN d.code
    ELSE m.category END AS key
  FROM measured m
  LEFT JOIN grid_version g ON g.id = m.grid_version_id
  LEFT JOIN area a ON a.id = g.area_id
  LEFT JOIN department d ON d.id = m.department_id
  WHERE :all_areas OR m.grid_version_id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint)))
    OR m.department_id = CAST(:department_id AS bigint)  -- its lead, as on the ledger
    OR (:queue AND m.grid_version_id IS NULL)
),
counted AS (
  SELECT key, CASE WHEN CAST(:by AS text) = 'grid' THEN layer END AS layer,
    count(*) FILTER (WHERE is_received) AS received,
    count(*) FILTER (WHERE is_received AND was_filed) AS filed_of_received,
    count(*) FILTER (WHERE is_received AND state NOT IN ('void', 'not_filed')
      AND (was_filed OR is_on_spot OR state = 'merged')) AS effective,
    count(*) FILTER (WHERE is_received AND NOT by_staff) AS found_by_others,
    count(*) FILTER (WHERE is_on_spot) AS on_spot,
    count(*) FILTER (WHERE is_received AND NOT by_staff) AS to_verify,
    count(*) FILTER (WHERE is_received AND NOT by_staff AND verified_at < :held_at) AS verified,
    count(*) FILTER (WHERE is_verify_due) AS verify_due,
    count(*) FILTER (WHERE is_verify_due AND was_verified AND verified_at <= verify_due_at) AS verified_in_time,
    count(*) FILTER (WHERE is_filed) AS filed,
    count(*) FILTER (WHERE is_filed AND was_dispatched) AS dispatched,
    count(*) FILTER (WHERE is_filed AND was_dispatched AND n_returns = 0) AS right_dispatched,
    count(*) FILTER (WHERE is_dispatch_due) AS dispatch_due,
    count(*) FILTER (WHERE is_dispatch_due AND was_dispatched AND dispatched_at <= dispatch_due_at) AS dispatched_in_time,
    count(*) FILTER (WHERE is_accept_due) AS accept_due,
    count(*) FILTER (WHERE is_accept_due AND accepted_at < :held_at AND accepted_at <= accept_due_at) AS accepted_in_time,
    count(*) FILTER (WHERE is_due) AS due,
    count(*) FILTER (WHERE is_due AND was_disposed) AS disposed,
    count(*) FILTER (WHERE is_due AND was_disposed AND in_time) AS disposed_in_time,
    count(*) FILTER (WHERE is_due AND was_closed) AS closed,
    count(*) FILTER (WHERE is_due AND was_closed AND in_time) AS closed_in_time,
    count(*) FILTER (WHERE is_due AND was_closed AND NOT in_time) AS closed_overdue,
    count(*) FILTER (WHERE is_due AND n_rework > 0) AS reworked,
    count(*) FILTER (WHERE is_due AND n_extensions > 0) AS extended,
    count(*) FILTER (WHERE is_check_due) AS check_due,
    count(*) FILTER (WHERE is_check_due AND checked_at < :held_at AND checked_at <= check_due_at) AS checked_in_time,
    coalesce(sum(asked), 0) AS asked, coalesce(sum(answered), 0) AS answered, coalesce(sum(rated), 0) AS rated,
    coalesce(sum(solved), 0) AS solved, coalesce(sum(satisfied), 0) AS satisfied
  FROM keyed
  GROUP BY 1, 2
),
ground AS (  -- the grids of an area that held, and those in which staff found something
  SELECT a.code AS area_code, count(*) AS responsible_grids,
    count(*) FILTER (WHERE g.code IN (  -- by code: what had ended stays with the version it was in
      SELECT v.code FROM timed t JOIN grid_version v ON v.id = t.grid_version_id AND v.layer = 'base'
      WHERE t.is_received AND t.by_staff)) AS covered_grids
  FROM grid_version g
  LEFT JOIN area a ON a.id = g.area_id
  WHERE CAST(:by AS text) = 'area' AND g.layer = 'base'
    AND g.valid_from < :held_at AND (g.valid_to IS NULL OR g.valid_to >= :held_at)
    AND (:all_areas OR g.id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint))))
  GROUP BY 1
),
whole AS (
  SELECT coalesce(n.key, w.area_code) AS code, n.*, w.responsible_grids, w.covered_grids
  FROM counted n
  FULL JOIN ground w ON coalesce(w.area_code, '') = coalesce(n.key, '')
)
SELECT n.*, coalesce(g.name, a.name, d.name, c.name_zh) AS name, c.name_en
FROM whole n
LEFT JOIN LATERAL (
  SELECT g.name FROM grid_version g
  WHERE CAST(:by AS text) = 'grid' AND g.code = n.code AND g.layer = n.layer
  ORDER BY g.valid_to IS NULL DESC, g.valid_to DESC, g.id DESC LIMIT 1
) g ON true
LEFT JOIN area a ON CAST(:by AS text) = 'area' AND a.code = n.code
LEFT JOIN department d ON CAST(:by AS text) = 'department' AND d.code = n.code
LEFT JOIN category c ON CAST(:by AS text) = 'category' AND c.code = n.code
ORDER BY n.code COLLATE "C" NULLS LAST, n.layer
