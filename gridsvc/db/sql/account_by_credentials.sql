-- Question: whose are these credentials, while they last?
-- Parameters: :token_hashes (bytea[], SHA-256), :kinds (text[]: session|bearer, of each), :now (instant)
-- Columns: nr (from 1, as they were given), id, login, name, role (the default one), also_roles (text[]), acted (the role
--   it acts in), worker_id, department_id, area_ids (bigint[]), device_id (or null); no row for what opens nothing
-- Index: credential_pkey, device_token_hash_key
SELECT o.nr, a.id, a.login, a.name, a.role, a.also_roles, c.role AS acted, a.worker_id, a.department_id,
  ARRAY(SELECT r.area_id FROM account_area r WHERE r.account_id = a.id ORDER BY r.area_id) AS area_ids,
  d.id AS device_id
FROM unnest(CAST(:token_hashes AS bytea[]), CAST(:kinds AS text[])) WITH ORDINALITY AS o (token_hash, kind, nr)
JOIN credential c ON c.token_hash = o.token_hash AND c.kind = o.kind AND c.expires_at > :now
JOIN account a ON a.id = c.account_id AND a.active AND c.role = ANY (a.role || a.also_roles)
LEFT JOIN device d ON d.token_hash = c.token_hash
