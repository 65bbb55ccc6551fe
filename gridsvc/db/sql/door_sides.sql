-- Question: what is recorded of these doors, beside what the register says of them?
-- Parameters: :ids (bigint[])
-- Columns: id, compound_id, community_id, kind, tag, building, unit, room; n_visits (that hold), n_reports (made at these), last_id (of all its visits, or null), visited_at (the latest that
--   holds), campaigns (text[]: names of those that list it); by id
-- Index: household_pkey, visit_household_id_happened_at_idx, campaign_door_household_id_idx, visit_report_pkey
SELECT h.id, h.compound_id, h.community_id, h.kind, h.tag, h.building, h.unit, h.room, v.n_visits, v.n_reports, v.visited_at, (SELECT max(a.id) FROM visit a WHERE a.household_id = h.id) AS last_id,
  ARRAY(SELECT c.name FROM campaign_door d JOIN campaign c ON c.id = d.campaign_id WHERE d.household_id = h.id
    ORDER BY c.starts_on, c.code) AS campaigns
FROM household h
CROSS JOIN LATERAL (
  SELECT count(*) AS n_visits, max(e.happened_at) AS visited_at,
    coalesce(sum((SELECT count(*) FROM visit_report r WHERE r.visit_id = e.id)), 0) AS n_reports
  FROM effective_visits('infinity') e WHERE e.household_id = h.id
) v
WHERE h.id = ANY (CAST(:ids AS bigint[]))
ORDER BY h.id
