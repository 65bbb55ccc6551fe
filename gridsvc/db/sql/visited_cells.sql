-- Question: none; counts the doors of a campaign's list anew, into cells that are not there
-- Parameters: :campaign_id
-- Columns: none
-- Index: campaign_door_pkey
INSERT INTO campaign_cell (campaign_id, grid_version_id, compound_id, class_code, kind,
  enumerated, targeted, eligible, attempted, found, reached, reached_enumerated, completed, absent, refused,
  vacant, moved, not_found, not_eligible, not_visited, removed, n_visits, n_met, most_met)
SELECT d.campaign_id, h.grid_version_id, h.compound_id, h.class_code, h.kind,
  sum(k.enumerated), sum(k.targeted), sum(k.eligible), sum(k.attempted), sum(k.found), sum(k.reached),
  sum(k.reached_enumerated), sum(k.completed), sum(k.absent), sum(k.refused), sum(k.vacant), sum(k.moved),
  sum(k.not_found), sum(k.not_eligible), sum(k.not_visited), sum(k.removed), sum(k.n_visits), sum(k.n_met),
  sum(k.most_met)
FROM campaign_door d
JOIN campaign c ON c.id = d.campaign_id
JOIN household h ON h.id = d.household_id
CROSS JOIN LATERAL door_counts(d.targeted, h.excluded, h.removed_at, d.status, d.n_visits, d.n_reached, d.n_met,
  d.most_met, c.n_times) k
WHERE d.campaign_id = :campaign_id
GROUP BY d.campaign_id, h.grid_version_id, h.compound_id, h.class_code, h.kind
