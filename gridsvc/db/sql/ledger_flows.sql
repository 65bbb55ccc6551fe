-- Question: what was on the ledger when a period began and ended, and what came and went in between, by what?
-- Parameters: :from_at (inclusive), :to_at (exclusive; instants), :by (grid|area|department|category),
--   :all_areas (bool), :area_ids (bigint[]), :worker_id, :department_id (bigint or null), :queue (bool: unplaced ones too):
--   whose; a report that enters or leaves what this reader sees moves in or out
-- Columns: code (null: on no grid, in no department), name, name_en, layer (of a grid), opening, new, reopened, moved_in,
--   moved_out, struck_off, void, not_filed, merged, closing
-- Index: report_open_until_idx, report_closed_idx, report_log_at_idx, report_log_pkey
WITH candidate AS MATERIALIZED (  -- the others had left before the period and were not touched since
  SELECT r.id, r.received_at, r.category
  FROM report r
  WHERE r.received_at < :to_at
    AND (r.open OR r.state = 'closed' OR r.id IN (SELECT l.report_id FROM report_log l WHERE l.at >= :from_at))
),
told AS (  -- one row of the log each; whatever changes, changes with a row of the log
  SELECT l.report_id, l.seq, l.to_state, c.category AS category_now,
    max(CASE WHEN l.seq = 1 THEN c.received_at ELSE l.at END) OVER w AS at,  -- times never run backwards
    CASE WHEN l.to_state IN ('struck_off', 'void', 'not_filed', 'merged') THEN false
      WHEN l.to_state = 'closed' THEN NULL ELSE true END AS turned,  -- null: stays as it was
    count(*) FILTER (WHERE l.to_state <> 'closed') OVER w AS n_turned,
    p.grid_version_id, count(p.seq) OVER w AS n_placed,
    CAST(l.facts -> 'set' ->> 'department_id' AS bigint) AS department_id,
    count(*) FILTER (WHERE jsonb_exists(l.facts -> 'set', 'department_id')) OVER w AS n_sent,
    l.facts -> 'category' ->> 'from' AS category_before,  -- by hand or an import
    l.facts -> 'category' ->> 'to' AS category,
    count(l.facts -> 'category' ->> 'to') OVER w AS n_named
  FROM candidate c
  JOIN report_log l ON l.report_id = c.id
  LEFT JOIN placement p ON p.report_id = l.report_id AND p.seq = l.seq
  WINDOW w AS (PARTITION BY l.report_id ORDER BY l.seq)
),
held AS (  -- what holds from each row on
  SELECT t.report_id, t.seq, t.at, t.to_state,
    coalesce(first_value(t.turned) OVER (PARTITION BY t.report_id, t.n_turned ORDER BY t.seq), false) AS stands,
    first_value(t.grid_version_id) OVER (PARTITION BY t.report_id, t.n_placed ORDER BY t.seq) AS grid_version_id,
    first_value(t.department_id) OVER (PARTITION BY t.report_id, t.n_sent ORDER BY t.seq) AS department_id,
    coalesce(first_value(t.category) OVER (PARTITION BY t.report_id, t.n_named ORDER BY t.seq),
      max(t.category_before) FILTER (WHERE t.n_named = 1) OVER (PARTITION BY t.report_id), t.category_now) AS category
  FROM told t
),
seen_grid AS MATERIALIZED (
  SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint)) AS id
),
keyed AS (
  SELECT h.report_id, h.seq, h.at, h.to_state, h.stands,
    h.stands AND (:all_areas OR h.grid_version_id IN (SELECT id FROM seen_grid)
      OR coalesce(h.department_id = CAST(:department_id AS bigint), false) OR (:queue AND h.grid_version_id IS NULL)) AS here,
    CASE CAST(:by AS text) WHEN 'grid' THEN g.layer || '/' || g.code WHEN 'area' THEN a.code
      WHEN 'department' THEN d.code ELSE h.category END AS key
  FROM held h
  LEFT JOIN grid_version g ON g.id = h.grid_version_id
  LEFT JOIN area a ON a.id = g.area_id
  LEFT JOIN department d ON d.id = h.department_id
),
step AS (
  SELECT k.*, coalesce(lag(k.stands) OVER w, false) AS stood, coalesce(lag(k.here) OVER w, false) AS was_here,
    lag(k.key) OVER w AS was_key, lead(k.at) OVER w AS until
  FROM keyed k
  WINDOW w AS (PARTITION BY k.report_id ORDER BY k.seq)
),
counted AS (
  SELECT key, 'opening' AS what FROM step WHERE here AND at < :from_at AND (until IS NULL OR until >= :from_at)
  UNION ALL
  SELECT key, 'closing' FROM step WHERE here AND at < :to_at AND (until IS NULL OR until >= :to_at)
  UNION ALL
  SELECT key, CASE WHEN stood THEN 'moved_in' WHEN seq = 1 THEN 'new' ELSE 'reopened' END
  FROM step
  WHERE here AND (NOT was_here OR key IS DISTINCT FROM was_key) AND at >= :from_at AND at < :to_at
  UNION ALL
  SELECT was_key, CASE WHEN stands THEN 'moved_out' ELSE to_state END
  FROM step
  WHERE was_here AND (NOT here OR key IS DISTINCT FROM was_key) AND at >= :from_at AND at < :to_at
),
summed AS (
  SELECT key, count(*) FILTER (WHERE what = 'opening') AS opening, count(*) FILTER (WHERE what = 'new') AS new,
    count(*) FILTER (WHERE what = 'reopened') AS reopened, count(*) FILTER (WHERE what = 'moved_in') AS moved_in,
    count(*) FILTER (WHERE what = 'moved_out') AS moved_out, count(*) FILTER (WHERE what = 'struck_off') AS struck_off,
    count(*) FILTER (WHERE what = 'void') AS void, count(*) FILTER (WHERE what = 'not_filed') AS not_filed,
    count(*) FILTER (WHERE what = 'merged') AS merged, count(*) FILTER (WHERE what = 'closing') AS closing
  FROM counted
  GROUP BY key
)
SELECT CASE WHEN CAST(:by AS text) = 'grid' THEN g.code ELSE s.key END AS code,
  coalesce(g.name, a.name, d.name, c.name_zh) AS name, c.name_en, g.layer, s.opening, s.new, s.reopened, s.moved_in,
  s.moved_out, s.struck_off, s.void, s.not_filed, s.merged, s.closing
FROM summed s
LEFT JOIN LATERAL (
  SELECT g.code, g.layer, g.name FROM grid_version g
  WHERE CAST(:by AS text) = 'grid' AND g.layer = split_part(s.key, '/', 1) AND g.code = substr(s.key, strpos(s.key, '/') + 1)
  ORDER BY g.valid_to IS NULL DESC, g.valid_to DESC, g.id DESC LIMIT 1
) g ON true
LEFT JOIN area a ON CAST(:by AS text) = 'area' AND a.code = s.key
LEFT JOIN department d ON CAST(:by AS text) = 'department' AND d.code = s.key
LEFT JOIN category c ON CAST(:by AS text) = 'category' AND c.code = s.key
ORDER BY s.key COLLATE "C" NULLS LAST
