-- Question: none; adds what these doors count in every campaign that lists them to its cells, or takes it away
-- Parameters: :ids (bigint[]), :sign (1 or -1)
-- Columns: none
-- Index: campaign_door_household_id_idx, campaign_cell_key
INSERT INTO campaign_cell (campaign_id, grid_version_id, compound_id, class_code, kind,
  enumerated, targeted, eligible, attempted, found, reached, reached_enumerated, completed, absent, refused,
  vacant, moved, not_found, not_eligible, not_visited, removed, n_visits, n_met, most_met)
SELECT d.campaign_id, h.grid_version_id, h.compound_id, h.class_code, h.kind,
  CAST(:sign AS integer) * sum(k.enumerated), CAST(:sign AS integer) * sum(k.targeted),
  CAST(:sign AS integer) * sum(k.eligible), CAST(:sign AS integer) * sum(k.attempted),
  CAST(:sign AS integer) * sum(k.found), CAST(:sign AS integer) * sum(k.reached),
  CAST(:sign AS integer) * sum(k.reached_enumerated), CAST(:sign AS integer) * sum(k.completed),
  CAST(:sign AS integer) * sum(k.absent), CAST(:sign AS integer) * sum(k.refused),
  CAST(:sign AS integer) * sum(k.vacant), CAST(:sign AS integer) * sum(k.moved),
  CAST(:sign AS integer) * sum(k.not_found), CAST(:sign AS integer) * sum(k.not_eligible),
  CAST(:sign AS integer) * sum(k.not_visited), CAST(:sign AS integer) * sum(k.removed),
  CAST(:sign AS integer) * sum(k.n_visits), CAST(:sign AS integer) * sum(k.n_met),
  CAST(:sign AS integer) * sum(k.most_met)
FROM campaign_door d
JOIN campaign c ON c.id = d.campaign_id
JOIN household h ON h.id = d.household_id
CROSS JOIN LATERAL door_counts(d.targeted, h.excluded, h.removed_at, d.status, d.n_visits, d.n_reached, d.n_met,
  d.most_met, c.n_times) k
WHERE d.household_id = ANY (CAST(:ids AS bigint[]))
GROUP BY d.campaign_id, h.grid_version_id, h.compound_id, h.class_code, h.kind
ORDER BY 1, 2, 3, 4, 5
ON CONFLICT ON CONSTRAINT campaign_cell_key DO UPDATE SET
  enumerated = campaign_cell.enumerated + excluded.enumerated,
  targeted = campaign_cell.targeted + excluded.targeted, eligible = campaign_cell.eligible + excluded.eligible,
  attempted = campaign_cell.attempted + excluded.attempted, found = campaign_cell.found + excluded.found,
  reached = campaign_cell.reached + excluded.reached,
  reached_enumerated = campaign_cell.reached_enumerated + excluded.reached_enumerated,
  completed = campaign_cell.completed + excluded.completed, absent = campaign_cell.absent + excluded.absent,
  refused = campaign_cell.refused + excluded.refused, vacant = campaign_cell.vacant + excluded.vacant,
  moved = campaign_cell.moved + excluded.moved, not_found = campaign_cell.not_found + excluded.not_found,
  not_eligible = campaign_cell.not_eligible + excluded.not_eligible,
  not_visited = campaign_cell.not_visited + excluded.not_visited,
  removed = campaign_cell.removed + excluded.removed, n_visits = campaign_cell.n_visits + excluded.n_visits,
  n_met = campaign_cell.n_met + excluded.n_met, most_met = campaign_cell.most_met + excluded.most_met
