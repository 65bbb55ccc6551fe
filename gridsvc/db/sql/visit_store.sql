-- Question: which of these visits are new? They are stored; one whose key is known already is left alone.
-- Parameters: :rows (JSON list of visits: instants in ISO 8601, `lon`, `lat` EPSG:4326 degrees, `digest` hexadecimal),
--   :adding (bool: its door stands as with it at once, where nothing else has to be counted; SQL function visit_added)
-- Columns: id, client_key, added of each new one
-- Index: visit_client_key_key, visit_supersedes_id_key
INSERT INTO visit (client_key, digest, household_id, worker_id, account_id, outcome, mode, happened_at, recorded_at,
  phone_at, n_met, x, y, crs, geom, accuracy_m, distance_m, far, late, needs, policies, answers, n_issued, n_returned,
  supersedes_id, importer_id, role)
SELECT r.client_key, decode(r.digest, 'hex'), r.household_id, r.worker_id, r.account_id, r.outcome, r.mode, r.happened_at,
  r.recorded_at, r.phone_at, r.n_met, r.x, r.y, r.crs, ST_SetSRID(ST_MakePoint(r.lon, r.lat), 4326), r.accuracy_m,
  r.distance_m, r.far, r.late, r.needs, r.policies, r.answers, r.n_issued, r.n_returned, r.supersedes_id,
  r.importer_id, r.role
FROM json_to_recordset(CAST(:rows AS json)) AS r (client_key uuid, digest text, household_id bigint, worker_id bigint,
  account_id bigint, outcome text, mode text, happened_at timestamptz, recorded_at timestamptz, phone_at timestamptz,
  n_met smallint, x float8, y float8, crs text, lon float8, lat float8, accuracy_m float8, distance_m float8, far boolean,
  late boolean, needs text, policies text[], answers jsonb, n_issued smallint, n_returned smallint, supersedes_id bigint,
  importer_id bigint, role text)
ON CONFLICT DO NOTHING
RETURNING id, client_key, CASE WHEN :adding THEN visit_added(visit) ELSE false END AS added
