-- Question: which campaigns are there, or what is this one?
-- Parameters: :code (text or null: all)
-- Columns: the columns of campaign; area_codes, area_names (text[], by code), the latest first
-- Index: campaign_code_key
SELECT c.*, a.codes AS area_codes, a.names AS area_names
FROM campaign c
CROSS JOIN LATERAL (
  SELECT coalesce(array_agg(a.code ORDER BY a.code), '{}') AS codes,
    coalesce(array_agg(a.name ORDER BY a.code), '{}') AS names
  FROM area a WHERE a.id = ANY (c.area_ids)
) a
WHERE CAST(:code AS text) IS NULL OR c.code = CAST(:code AS text)
ORDER BY c.starts_on DESC, c.code
