-- Question: none; blanks what was kept of people at doors that were removed long ago, and records each deletion
-- Parameters: :before (instant: removed, and the reports made there ended, before), :batch (uuid), :now (instant), :rule (words),
--   :changed_before (instant: what any door was until before it goes too), :changed_rule (words)
-- Columns: n_doors, n_contacts, n_visits, n_photos, n_notes (of the doors' logs, and documents of exclusions), n_changes (doors
--   of which it is no longer known what they were before they were changed); one row
-- Index: household_pkey, visit_household_id_happened_at_idx, visit_report_pkey, report_photo_pkey,
--   report_voice_pkey, household_log_household_id_idx, household_exclusion_household_id_idx, household_was_household_id_idx
-- A photo or voice note is unlinked from its report here; the file goes when nothing shows it, as photos do.
-- Where what a door was goes, figures as of an instant before its last change are no longer whole, and was_since says so.
WITH due AS MATERIALIZED (
  SELECT h.id FROM household h WHERE h.removed_at < CAST(:before AS timestamptz) ORDER BY h.id FOR UPDATE OF h
),
contacts AS (
  UPDATE household h SET contact_name = NULL, contact_phone = NULL, n_people = NULL,
    name = CASE WHEN h.kind <> 'household' THEN h.name END  -- a household's, from when one could still be given
  FROM due d
  WHERE h.id = d.id AND (h.contact_name IS NOT NULL OR h.contact_phone IS NOT NULL OR h.n_people IS NOT NULL
    OR (h.kind = 'household' AND h.name IS NOT NULL))
  RETURNING h.id
),
words AS (
  UPDATE visit v SET needs = NULL, answers = NULL, digest = NULL  -- the digest covers the words, so they could be guessed
  FROM due d
  WHERE v.household_id = d.id AND (v.needs IS NOT NULL OR v.answers IS NOT NULL)
  RETURNING v.household_id
),
said AS (
  UPDATE household_log l SET note = NULL
  FROM due d
  WHERE l.household_id = d.id AND l.note IS NOT NULL
  RETURNING l.household_id
),
documents AS (
  UPDATE household_exclusion x SET document = ''  -- not null: that there was one is why it was confirmed
  FROM due d
  WHERE x.household_id = d.id AND x.document <> ''
  RETURNING x.household_id
),
earlier AS (
  DELETE FROM household_was w
  WHERE w.household_id IN (SELECT id FROM due) OR w.until_at < CAST(:changed_before AS timestamptz)
  RETURNING w.household_id, w.until_at
),
known AS (
  UPDATE was_since s SET since = greatest(s.since, e.until_at)
  FROM (SELECT max(until_at) AS until_at FROM earlier) e
  WHERE e.until_at > coalesce(s.since, '-infinity')
),
ended AS MATERIALIZED (
  SELECT v.household_id, r.id
  FROM due d
  JOIN visit v ON v.household_id = d.id
  JOIN visit_report m ON m.visit_id = v.id
  JOIN report r ON r.id = m.report_id
  LEFT JOIN report p ON p.id = r.parent_id
  WHERE r.state IN ('struck_off', 'void', 'not_filed', 'merged')
    AND coalesce(p.state, 'void') IN ('struck_off', 'void', 'not_filed')
    -- a visit that was carried to the entry that stays is shown there, with its photos
    AND NOT EXISTS (
      SELECT FROM visit_report k JOIN visit s ON s.id = k.visit_id JOIN household o ON o.id = s.household_id
      WHERE k.report_id = r.id AND (o.removed_at IS NULL OR o.removed_at >= CAST(:before AS timestamptz)))
    AND NOT EXISTS (
      SELECT FROM report_log l WHERE l.report_id IN (r.id, r.parent_id) AND l.at >= CAST(:before AS timestamptz))
),
photos AS (
  DELETE FROM report_photo x USING ended e WHERE x.report_id = e.id RETURNING e.household_id, x.report_id
),
notes AS (
  DELETE FROM report_voice x USING ended e WHERE x.report_id = e.id RETURNING e.household_id, x.report_id
),
gone AS (
  SELECT id AS household_id, CAST(NULL AS bigint) AS report_id, 'contact' AS what FROM contacts
  UNION ALL
  SELECT household_id, NULL, 'visit' FROM words
  UNION ALL
  SELECT household_id, NULL, 'note' FROM said
  UNION ALL
  SELECT household_id, NULL, 'document' FROM documents
  UNION ALL
  SELECT DISTINCT household_id, CAST(NULL AS bigint), 'change' FROM earlier
  UNION ALL
  SELECT household_id, report_id, 'photo' FROM photos
  UNION ALL
  SELECT household_id, report_id, 'voice' FROM notes
),
recorded AS (
  INSERT INTO deletion_record (at, batch, report_id, household_id, what, rule)
  SELECT CAST(:now AS timestamptz), CAST(:batch AS uuid), g.report_id, g.household_id, g.what,
    CASE WHEN g.household_id IN (SELECT id FROM due) THEN CAST(:rule AS text) ELSE CAST(:changed_rule AS text) END
  FROM gone g
  RETURNING household_id, what
)
SELECT count(DISTINCT household_id) FILTER (WHERE household_id IN (SELECT id FROM due)) AS n_doors, count(*) FILTER (WHERE what = 'contact') AS n_contacts,
  count(*) FILTER (WHERE what = 'visit') AS n_visits, count(*) FILTER (WHERE what = 'photo') AS n_photos,
  count(*) FILTER (WHERE what IN ('note', 'document')) AS n_notes, count(*) FILTER (WHERE what = 'change') AS n_changes
FROM recorded
