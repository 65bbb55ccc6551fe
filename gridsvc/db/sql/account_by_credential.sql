-- Question: whose is this credential, while it lasts?
-- Parameters: :token_hash (bytea, SHA-256), :kind (session|bearer), :now (instant)
-- Columns: id, login, name, role (the default one), also_roles (text[]), acted (the role it acts in), worker_id,
--   department_id, area_ids (bigint[]), device_id (or null); one row, or none: once the role is the account's no more, too
-- Index: credential_pkey, device_token_hash_key
SELECT a.id, a.login, a.name, a.role, a.also_roles, c.role AS acted, a.worker_id, a.department_id,
  ARRAY(SELECT r.area_id FROM account_area r WHERE r.account_id = a.id ORDER BY r.area_id) AS area_ids,
  d.id AS device_id
FROM credential c
JOIN account a ON a.id = c.account_id AND a.active AND c.role = ANY (a.role || a.also_roles)
LEFT JOIN device d ON d.token_hash = c.token_hash
WHERE c.token_hash = :token_hash AND c.kind = :kind AND c.expires_at > :now
