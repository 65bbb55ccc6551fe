-- Question: is this draft new? Then the report, its first log row and its first placement are stored.
-- Parameters: of the report :source, :number, :category, :category_raw, :description, :channel, :words, :compound_id,
--   :raw_x, :raw_y (as sent, in :crs), :lon, :lat (degrees, EPSG:4326, or null), :accuracy_m (metres), :observed_at,
--   :phone_at (or null); of the device's own fix, or null, :measured_x, :measured_y (as sent, in :measured_crs),
--   :measured_lon, :measured_lat (degrees, EPSG:4326), :measured_accuracy_m (metres); :received_at, :client_key, :body_hash, :sender_id, :by_staff; :stage, :stage_due_at (instant) and :facts (JSON text, of
--   its log row), or null; of its placement :grid_version_id, :method,
--   :distance_m (metres), :confidence (0-1), :runners_up (JSON text or null), :reason, :worker_id, :duty; of others like
--   it :radius_m and :days (where the category has none of its own), :again_days (days), :most (counted at most)
-- Columns: id, n_similar (open ones of the category near it); no row where the client key is known already
-- Index: report_client_key_key, report_geom_idx
WITH near AS MATERIALIZED (
  SELECT r.id, r.open, r.geom <-> h.spot AS apart_deg
  FROM (
    SELECT ST_SetSRID(ST_MakePoint(CAST(:lon AS float8), CAST(:lat AS float8)), 4326) AS spot,
      coalesce(c.dup_radius_m, :radius_m) AS radius_m, coalesce(c.dup_days, :days) AS days
    FROM category c WHERE c.code = :category
  ) h
  CROSS JOIN LATERAL like_reports(CAST(:category AS text), h.spot, h.radius_m) r
  WHERE r.received_at >= CAST(:received_at AS timestamptz)
      - make_interval(days => CASE WHEN r.open THEN h.days ELSE :again_days END)
    AND (r.open OR r.state IN ('closed', 'struck_off'))
),
stored AS (
  INSERT INTO report (source, number, state, category, category_raw, description, channel, words, compound_id,
    raw_x, raw_y, crs, geom, accuracy_m, observed_at, phone_at, measured_x, measured_y, measured_crs, measured_lon,
    measured_lat, measured_accuracy_m, received_at, client_key, body_hash, sender_id,
    by_staff, stage, stage_due_at, updated_at, again_of)
  VALUES (:source, :number, 'reported', :category, :category_raw, :description, :channel, :words,
    CAST(:compound_id AS bigint), CAST(:raw_x AS float8), CAST(:raw_y AS float8), :crs,
    ST_SetSRID(ST_MakePoint(CAST(:lon AS float8), CAST(:lat AS float8)), 4326), CAST(:accuracy_m AS float8),
    CAST(:observed_at AS timestamptz), CAST(:phone_at AS timestamptz), CAST(:measured_x AS float8),
    CAST(:measured_y AS float8), :measured_crs, CAST(:measured_lon AS float8), CAST(:measured_lat AS float8),
    CAST(:measured_accuracy_m AS float8), :received_at, :client_key, :body_hash, CAST(:sender_id AS bigint),
    :by_staff, :stage, CAST(:stage_due_at AS timestamptz), :received_at, (SELECT n.id FROM near n WHERE NOT n.open ORDER BY n.apart_deg, n.id LIMIT 1))
  ON CONFLICT (client_key) WHERE client_key IS NOT NULL DO NOTHING
  RETURNING id, received_at
),
logged AS (
  INSERT INTO report_log (report_id, seq, action, to_state, actor_id, at, facts, digest)
  SELECT id, 1, 'submit', 'reported', CAST(:sender_id AS bigint), received_at, CAST(:facts AS jsonb),
    log_digest(NULL, id, 1, 'submit', NULL, 'reported', CAST(:sender_id AS bigint), received_at, NULL, CAST(:facts AS jsonb))
  FROM stored
),
placed AS (
  INSERT INTO placement (report_id, seq, from_at, grid_version_id, method, distance_m, confidence, runners_up, reason,
    worker_id, duty)
  SELECT id, 1, received_at, CAST(:grid_version_id AS bigint), :method, CAST(:distance_m AS float8),
    CAST(:confidence AS float8), CAST(:runners_up AS jsonb), :reason, CAST(:worker_id AS bigint), :duty
  FROM stored
)
SELECT id, (SELECT least(count(*), :most) FROM near n WHERE n.open) AS n_similar FROM stored
