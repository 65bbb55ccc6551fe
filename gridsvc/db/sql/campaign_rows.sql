-- Question: which campaigns are there, or what is this one?
-- Parameters: :code (text or null: all)
-- Columns: what is stored of it but who made it; area_codes, area_names (text[], by code), the latest first
-- Index: campaign_code_key
SELECT c.id, c.code, c.name, c.state, c.kinds, c.class_codes, c.area_ids, c.starts_on, c.ends_on, c.starts_at, c.ends_at,
  c.n_times, c.modes, c.target_percent, c.by_whom, c.questions, c.n_issued, c.n_returned, c.created_at, c.drawn_at,
  c.ended_at, a.codes AS area_codes, a.names AS area_names
FROM campaign c
CROSS JOIN LATERAL (
  SELECT coalesce(array_agg(a.code ORDER BY a.code), '{}') AS codes,
    coalesce(array_agg(a.name ORDER BY a.code), '{}') AS names
  FROM area a WHERE a.id = ANY (c.area_ids)
) a
WHERE CAST(:code AS text) IS NULL OR c.code = CAST(:code AS text)
ORDER BY c.starts_on DESC, c.code
