-- Question: none; brings doors in line with their visits: how each stands in the campaigns that list it, those campaigns'
--   cells, when it was last reached; a confirmed exclusion ends where somebody was reached at the door after its claim, and
--   where the visit that claimed it no longer says so and no document does
-- Parameters: :ids (bigint[]: doors that this transaction has locked), :now (instant)
-- Columns: household_id of the doors whose exclusion ended
-- Index: visit_household_id_happened_at_idx, campaign_door_household_id_idx, campaign_cell_key, household_pkey
-- The list is hidden from the planner: seeing how short it is, it would plan this anew each time, three times the work.
WITH wanted AS MATERIALIZED (
  SELECT CAST(:ids AS bigint[]) AS ids
),
door AS MATERIALIZED (
  SELECT h.id, h.grid_version_id, h.compound_id, h.class_code, h.kind, h.excluded, h.removed_at, h.reached_at
  FROM household h WHERE h.id = ANY (CAST((SELECT w.ids FROM wanted w) AS bigint[]))
),
met AS MATERIALIZED (
  SELECT v.household_id, max(v.happened_at) AS reached_at
  FROM effective_visits('infinity') v
  WHERE v.household_id = ANY (CAST((SELECT w.ids FROM wanted w) AS bigint[])) AND v.outcome = 'reached' AND v.mode = 'door'
  GROUP BY v.household_id
),
opened AS (
  UPDATE household_exclusion x SET ended_at = greatest(CAST(:now AS timestamptz), x.confirmed_at)
  WHERE x.household_id = ANY (CAST((SELECT w.ids FROM wanted w) AS bigint[])) AND x.ended_at IS NULL
    AND (EXISTS (SELECT FROM met m WHERE m.household_id = x.household_id AND m.reached_at > x.claimed_at)
      OR (x.document IS NULL AND NOT EXISTS (
        SELECT FROM effective_visits('infinity') v
        WHERE v.household_id = x.household_id AND v.mode = 'door' AND v.outcome = x.reason
          AND v.happened_at = x.claimed_at AND v.account_id IS NOT DISTINCT FROM x.claimed_by)
        -- nor is it one that was claimed in the register, of an entry that was said to be the same door as another one
        AND NOT EXISTS (
          SELECT FROM household h WHERE h.id = x.household_id AND h.same_as_id IS NOT NULL AND h.removed_at = x.claimed_at)))
  RETURNING x.household_id
),
opening AS MATERIALIZED (
  SELECT d.id, m.reached_at, CASE WHEN o.household_id IS NULL THEN d.excluded END AS excluded,
    d.reached_at IS DISTINCT FROM m.reached_at OR o.household_id IS NOT NULL AS changed
  FROM door d
  LEFT JOIN met m ON m.household_id = d.id
  LEFT JOIN opened o ON o.household_id = d.id
),
told AS (
  UPDATE household h SET reached_at = o.reached_at, excluded = o.excluded
  FROM opening o WHERE h.id = o.id AND o.changed
),
listed AS MATERIALIZED (
  SELECT d.campaign_id, d.household_id, d.targeted, d.status, d.n_visits, d.n_reached, d.n_met, d.most_met, d.reached_at,
    c.starts_at, c.ends_at, c.modes, c.n_times
  FROM campaign_door d JOIN campaign c ON c.id = d.campaign_id
  WHERE d.household_id = ANY (CAST((SELECT w.ids FROM wanted w) AS bigint[]))
),
stands AS (
  SELECT l.campaign_id, s.*
  FROM (SELECT DISTINCT campaign_id, starts_at, ends_at, modes FROM listed) l
  CROSS JOIN LATERAL (
    SELECT * FROM door_status(l.starts_at, l.ends_at, l.modes, 'infinity') s
    WHERE s.household_id = ANY (CAST((SELECT w.ids FROM wanted w) AS bigint[]))
  ) s
),
anew AS MATERIALIZED (
  SELECT l.campaign_id, l.household_id, coalesce(s.status, 'not_visited') AS status, coalesce(s.n_visits, 0) AS n_visits,
    coalesce(s.n_reached, 0) AS n_reached, coalesce(s.n_met, 0) AS n_met, coalesce(s.most_met, 0) AS most_met,
    s.reached_at
  FROM listed l LEFT JOIN stands s ON s.campaign_id = l.campaign_id AND s.household_id = l.household_id
),
kept AS (
  UPDATE campaign_door d SET status = a.status, n_visits = a.n_visits, n_reached = a.n_reached, n_met = a.n_met,
    most_met = a.most_met, reached_at = a.reached_at
  FROM anew a
  WHERE d.campaign_id = a.campaign_id AND d.household_id = a.household_id
    AND (d.status, d.n_visits, d.n_reached, d.n_met, d.most_met, d.reached_at)
      IS DISTINCT FROM (a.status, a.n_visits, a.n_reached, a.n_met, a.most_met, a.reached_at)
),
weighed AS (
  SELECT l.campaign_id, l.household_id, -1 AS sign, l.targeted, d.excluded, l.status, l.n_visits, l.n_reached, l.n_met,
    l.most_met, l.n_times
  FROM listed l JOIN door d ON d.id = l.household_id
  UNION ALL
  SELECT a.campaign_id, a.household_id, 1, l.targeted, o.excluded, a.status, a.n_visits, a.n_reached, a.n_met,
    a.most_met, l.n_times
  FROM anew a
  JOIN listed l ON l.campaign_id = a.campaign_id AND l.household_id = a.household_id
  JOIN opening o ON o.id = a.household_id
),
counted AS (
  INSERT INTO campaign_cell (campaign_id, grid_version_id, compound_id, class_code, kind,
    eligible, attempted, found, reached, reached_enumerated, completed, absent, refused, vacant, moved,
    not_found, not_eligible, not_visited, n_visits, n_met, most_met)
  SELECT w.campaign_id, d.grid_version_id, d.compound_id, d.class_code, d.kind,
    sum(w.sign * k.eligible), sum(w.sign * k.attempted), sum(w.sign * k.found), sum(w.sign * k.reached),
    sum(w.sign * k.reached_enumerated), sum(w.sign * k.completed), sum(w.sign * k.absent),
    sum(w.sign * k.refused), sum(w.sign * k.vacant), sum(w.sign * k.moved), sum(w.sign * k.not_found),
    sum(w.sign * k.not_eligible), sum(w.sign * k.not_visited), sum(w.sign * k.n_visits), sum(w.sign * k.n_met),
    sum(w.sign * k.most_met)
  FROM weighed w
  JOIN door d ON d.id = w.household_id
  CROSS JOIN LATERAL door_counts(w.targeted, w.excluded, d.removed_at, w.status, w.n_visits, w.n_reached, w.n_met,
    w.most_met, w.n_times) k
  GROUP BY w.campaign_id, d.grid_version_id, d.compound_id, d.class_code, d.kind
  ORDER BY 1, 2, 3, 4, 5
  ON CONFLICT ON CONSTRAINT campaign_cell_key DO UPDATE SET
    eligible = campaign_cell.eligible + excluded.eligible,
    attempted = campaign_cell.attempted + excluded.attempted, found = campaign_cell.found + excluded.found,
    reached = campaign_cell.reached + excluded.reached,
    reached_enumerated = campaign_cell.reached_enumerated + excluded.reached_enumerated,
    completed = campaign_cell.completed + excluded.completed, absent = campaign_cell.absent + excluded.absent,
    refused = campaign_cell.refused + excluded.refused, vacant = campaign_cell.vacant + excluded.vacant,
    moved = campaign_cell.moved + excluded.moved, not_found = campaign_cell.not_found + excluded.not_found,
    not_eligible = campaign_cell.not_eligible + excluded.not_eligible,
    not_visited = campaign_cell.not_visited + excluded.not_visited,
    n_visits = campaign_cell.n_visits + excluded.n_visits, n_met = campaign_cell.n_met + excluded.n_met,
    most_met = campaign_cell.most_met + excluded.most_met
)
SELECT household_id FROM opened ORDER BY household_id
