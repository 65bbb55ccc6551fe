-- Question: which visits of these keys are stored already?
-- Parameters: :keys (uuid[])
-- Columns: id, client_key, digest, far, late, phone_at, n_reports
-- Index: visit_client_key_key, visit_report_pkey
SELECT v.id, v.client_key, v.digest, v.far, v.late, v.phone_at,
  (SELECT count(*) FROM visit_report r WHERE r.visit_id = v.id) AS n_reports
FROM visit v
WHERE v.client_key = ANY (CAST(:keys AS uuid[]))
