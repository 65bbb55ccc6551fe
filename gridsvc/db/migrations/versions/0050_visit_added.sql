-- In which of its roles an account recorded a visit; of visits of before nobody knows.
ALTER TABLE visit ADD COLUMN role TEXT;

-- Whether a visit, just stored, is added to how its door stands: then all that is kept says what a count of all visits would
-- say (door_status, door_counts). False: a count has to say it. The transaction has held the counts and locked the door before.
CREATE FUNCTION visit_added(v visit) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE door household;  -- as it is on the register
BEGIN
  SELECT * INTO door FROM household h WHERE h.id = v.household_id;  -- there, and locked
  -- a correction takes something away; a visit to a door that is left out of the denominator may end that
  IF v.supersedes_id IS NOT NULL OR door.excluded IS NOT NULL THEN RETURN false; END IF;  -- nothing has changed
  IF v.outcome = 'reached' AND v.mode = 'door' AND v.happened_at > coalesce(door.reached_at, '-infinity') THEN
    UPDATE household h SET reached_at = v.happened_at WHERE h.id = door.id; END IF;  -- the last time
  -- how it stands in each campaign that lists it and counts this visit: what happened later stays the last word
  WITH listed AS MATERIALIZED (
    SELECT d.*, c.n_times, d.n_visits + 1 AS new_n_visits, d.n_reached + a.reached AS new_n_reached,
      d.n_met + a.met AS new_n_met, greatest(d.most_met, a.met) AS new_most_met, least(d.reached_at, a.at) AS new_reached_at,
      CASE WHEN 'reached' IN (d.status, v.outcome) THEN 'reached' WHEN a.latest THEN v.outcome ELSE d.status END AS new_status
    FROM campaign_door d
    JOIN campaign c ON c.id = d.campaign_id
    CROSS JOIN LATERAL (
      SELECT CAST(v.outcome = 'reached' AS integer) AS reached, CASE WHEN v.outcome = 'reached' THEN v.n_met ELSE 0 END AS met,
        CASE WHEN v.outcome = 'reached' THEN v.happened_at END AS at,
        NOT EXISTS (SELECT FROM effective_visits('infinity') o
          WHERE o.household_id = d.household_id AND o.happened_at < c.ends_at AND o.mode = ANY (c.modes)
            AND (o.happened_at, o.recorded_at, o.id) > (v.happened_at, v.recorded_at, v.id)) AS latest
    ) a
    WHERE d.household_id = door.id AND c.starts_at <= v.happened_at AND v.happened_at < c.ends_at AND v.mode = ANY (c.modes)
  ),
  kept AS (
    UPDATE campaign_door d SET status = l.new_status, n_visits = l.new_n_visits, n_reached = l.new_n_reached,
      n_met = l.new_n_met, most_met = l.new_most_met, reached_at = l.new_reached_at
    FROM listed l WHERE d.campaign_id = l.campaign_id AND d.household_id = l.household_id
  )
  INSERT INTO campaign_cell AS x (campaign_id, grid_version_id, compound_id, class_code, kind, attempted, found, reached,
    reached_enumerated, completed, absent, refused, vacant, moved, not_found, not_eligible, not_visited, n_visits, n_met, most_met)
  SELECT l.campaign_id, door.grid_version_id, door.compound_id, door.class_code, door.kind, n.attempted - o.attempted,
    n.found - o.found, n.reached - o.reached, n.reached_enumerated - o.reached_enumerated, n.completed - o.completed,
    n.absent - o.absent, n.refused - o.refused, n.vacant - o.vacant, n.moved - o.moved, n.not_found - o.not_found,
    n.not_eligible - o.not_eligible, n.not_visited - o.not_visited, n.n_visits - o.n_visits, n.n_met - o.n_met,
    n.most_met - o.most_met
  FROM listed l
  CROSS JOIN LATERAL door_counts(l.targeted, NULL, door.removed_at, l.status, l.n_visits, l.n_reached, l.n_met, l.most_met,
    l.n_times) o
  CROSS JOIN LATERAL door_counts(l.targeted, NULL, door.removed_at, l.new_status, l.new_n_visits, l.new_n_reached, l.new_n_met,
    l.new_most_met, l.n_times) n
  ORDER BY l.campaign_id
  ON CONFLICT ON CONSTRAINT campaign_cell_key DO UPDATE SET
    attempted = x.attempted + excluded.attempted, found = x.found + excluded.found, reached = x.reached + excluded.reached,
    reached_enumerated = x.reached_enumerated + excluded.reached_enumerated, completed = x.completed + excluded.completed,
    absent = x.absent + excluded.absent, refused = x.refused + excluded.refused, vacant = x.vacant + excluded.vacant,
    moved = x.moved + excluded.moved, not_found = x.not_found + excluded.not_found,
    not_eligible = x.not_eligible + excluded.not_eligible, not_visited = x.not_visited + excluded.not_visited,
    n_visits = x.n_visits + excluded.n_visits, n_met = x.n_met + excluded.n_met, most_met = x.most_met + excluded.most_met; RETURN true; END
$$
