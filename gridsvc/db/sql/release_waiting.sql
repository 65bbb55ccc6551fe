-- Question: which photos of reports that the public sees has nobody decided about yet, the newest report first?
-- Parameters: :states (text[]), :since (instant: received since), :n (rows at most), :queue (bool: reports on no grid too),
--   :all_areas (bool), :area_ids (bigint[]), :worker_id, :department_id (bigint or null): whose reports the reader sees
-- Columns: source, number, repeat, name_zh, name_en, description, state, received_at, sha256, version, kind, by_staff
-- Index: report_photo_pkey, photo_pkey, placement_current_key
SELECT r.source, r.number, r.repeat, c.name_zh, c.name_en, r.description, r.state, r.received_at, x.sha256, f.version,
  x.kind, r.by_staff
FROM report_photo x
JOIN photo f ON f.sha256 = x.sha256
JOIN report r ON r.id = x.report_id
JOIN category c ON c.code = r.category
JOIN placement p ON p.report_id = r.id AND p.to_at IS NULL
LEFT JOIN grid_version g ON g.id = p.grid_version_id
WHERE r.state = ANY (CAST(:states AS text[])) AND r.received_at >= CAST(:since AS timestamptz)
  AND (x.seq = 1 OR x.kind = 'after')
  AND NOT EXISTS (SELECT FROM released d WHERE d.report_id = x.report_id AND d.sha256 = x.sha256)
  AND (:all_areas OR g.id IN (SELECT seen_grids(CAST(:area_ids AS bigint[]), CAST(:worker_id AS bigint)))
    OR takes_part(CAST(:department_id AS bigint), r.department_id, r.assist_ids, r.called_ids)
    OR (:queue AND g.id IS NULL))
ORDER BY r.received_at DESC, r.id, x.seq, x.place
LIMIT :n
