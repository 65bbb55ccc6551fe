-- Question: none; takes out every staged door whose key another one has too
-- Parameters: none
-- Columns: none; adds to door_refused
-- Index: none
WITH twice AS (
  SELECT compound_id, CASE WHEN compound_id IS NULL THEN community_id END AS community_id, building, unit, room, kind, tag
  FROM door_found
  GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING count(*) > 1
),
repeated AS (
  SELECT f.row, dense_rank() OVER (ORDER BY p.compound_id, p.community_id, p.building, p.unit, p.room, p.kind, p.tag) AS key
  FROM twice p
  JOIN door_found f ON f.building = p.building AND f.unit = p.unit AND f.room = p.room AND f.kind = p.kind AND f.tag = p.tag
    AND f.compound_id IS NOT DISTINCT FROM p.compound_id
    AND (f.compound_id IS NOT NULL OR f.community_id IS NOT DISTINCT FROM p.community_id)
),
told AS (
  SELECT key, concat(array_to_string((array_agg(row ORDER BY row))[1:8], ', '), CASE WHEN count(*) > 8 THEN ', …' END) AS rows
  FROM repeated GROUP BY key
),
gone AS (
  DELETE FROM door_found f USING repeated r WHERE f.row = r.row
)
INSERT INTO door_refused (row, code, facts)
SELECT r.row, 'door_repeated', jsonb_build_object('rows', t.rows) FROM repeated r JOIN told t USING (key)
