-- Question: none; brings doors in line with their visits: how each stands in the campaigns that list it, those campaigns'
--   cells, when it was last reached; a confirmed exclusion ends where somebody was reached at the door after its claim, and
--   where the visit that claimed it no longer says so and no document does; that of an entry that became another one does not
-- Parameters: :ids (bigint[]: doors that this transaction has locked), :now (instant)
-- Columns: household_id of the doors whose exclusion ended
-- Index: visit_household_id_happened_at_idx, campaign_door_household_id_idx, campaign_cell_key, household_pkey
-- The list is hidden from the planner: seeing how short it is, it would plan this anew each time, three times the work.
WITH wanted AS MATERIALIZED (
  SELECT CAST(:ids AS bigint[]) AS ids
),
door AS MATERIALIZED (
  SELECT h.id, h.grid_version_id, h.compound_id, h.class_code, h.kind, h.excluded, h.removed_at, h.reached_at,
    h.same_as_id, (SELECT v.happened_at FROM effective_visits('infinity') v
      WHERE v.household_id = h.id AND v.outcome = 'reached' AND v.mode = 'door'
      ORDER BY v.happened_at DESC LIMIT 1) AS met_at  -- as a max it would read all visits of the door
  FROM household h WHERE h.id = ANY (CAST((SELECT w.ids FROM wanted w) AS bigint[]))
),
opened AS (
  UPDATE household_exclusion x SET ended_at = greatest(CAST(:now AS timestamptz), x.confirmed_at)
  FROM door d
  WHERE x.household_id = d.id AND x.ended_at IS NULL
    AND d.same_as_id IS NULL  -- an entry that became another one has no visits any more: it stays as it was
    AND (d.met_at > x.claimed_at
      OR (x.document IS NULL AND NOT EXISTS (
        SELECT FROM effective_visits('infinity') v
        WHERE v.household_id = x.household_id AND v.mode = 'door' AND v.outcome = x.reason
          AND v.happened_at = x.claimed_at AND v.account_id IS NOT DISTINCT FROM x.claimed_by)))
  RETURNING x.household_id
),
opening AS MATERIALIZED (
  SELECT d.*, o.household_id IS NOT NULL AS ended, CASE WHEN o.household_id IS NULL THEN d.excluded END AS new_excluded
  FROM door d LEFT JOIN opened o ON o.household_id = d.id
),
told AS (
  UPDATE household h SET reached_at = o.met_at, excluded = o.new_excluded
  FROM opening o WHERE h.id = o.id AND (o.reached_at IS DISTINCT FROM o.met_at OR o.ended)
),
listed AS MATERIALIZED (
  SELECT d.campaign_id, d.household_id, d.targeted, d.status, d.n_visits, d.n_reached, d.n_met, d.most_met, d.reached_at,
    c.n_times, coalesce(s.status, 'not_visited') AS new_status, coalesce(s.n_visits, 0) AS new_n_visits,
    coalesce(s.n_reached, 0) AS new_n_reached, coalesce(s.n_met, 0) AS new_n_met,
    coalesce(s.most_met, 0) AS new_most_met, s.reached_at AS new_reached_at
  FROM campaign_door d
  JOIN campaign c ON c.id = d.campaign_id
  LEFT JOIN LATERAL (
    SELECT * FROM door_status(c.starts_at, c.ends_at, c.modes, 'infinity') s WHERE s.household_id = d.household_id
    OFFSET 0  -- else the planner might count everybody's visits first
  ) s ON true
  WHERE d.household_id = ANY (CAST((SELECT w.ids FROM wanted w) AS bigint[]))
),
kept AS (
  UPDATE campaign_door d SET status = l.new_status, n_visits = l.new_n_visits, n_reached = l.new_n_reached,
    n_met = l.new_n_met, most_met = l.new_most_met, reached_at = l.new_reached_at
  FROM listed l
  WHERE d.campaign_id = l.campaign_id AND d.household_id = l.household_id
    AND (d.status, d.n_visits, d.n_reached, d.n_met, d.most_met, d.reached_at)
      IS DISTINCT FROM (l.new_status, l.new_n_visits, l.new_n_reached, l.new_n_met, l.new_most_met, l.new_reached_at)
),
counted AS (
  INSERT INTO campaign_cell (campaign_id, grid_version_id, compound_id, class_code, kind,
    eligible, attempted, found, reached, reached_enumerated, completed, absent, refused, vacant, moved,
    not_found, not_eligible, not_visited, n_visits, n_met, most_met)
  SELECT l.campaign_id, o.grid_version_id, o.compound_id, o.class_code, o.kind,
    sum(w.sign * k.eligible), sum(w.sign * k.attempted), sum(w.sign * k.found), sum(w.sign * k.reached),
    sum(w.sign * k.reached_enumerated), sum(w.sign * k.completed), sum(w.sign * k.absent),
    sum(w.sign * k.refused), sum(w.sign * k.vacant), sum(w.sign * k.moved), sum(w.sign * k.not_found),
    sum(w.sign * k.not_eligible), sum(w.sign * k.not_visited), sum(w.sign * k.n_visits), sum(w.sign * k.n_met),
    sum(w.sign * k.most_met)
  FROM listed l
  JOIN opening o ON o.id = l.household_id
  CROSS JOIN LATERAL (VALUES
    (-1, o.excluded, l.status, l.n_visits, l.n_reached, l.n_met, l.most_met),
    (1, o.new_excluded, l.new_status, l.new_n_visits, l.new_n_reached, l.new_n_met, l.new_most_met)
  ) w (sign, excluded, status, n_visits, n_reached, n_met, most_met)
  CROSS JOIN LATERAL door_counts(l.targeted, w.excluded, o.removed_at, w.status, w.n_visits, w.n_reached, w.n_met,
    w.most_met, l.n_times) k
  GROUP BY l.campaign_id, o.grid_version_id, o.compound_id, o.class_code, o.kind
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
