-- Question: none; makes the doors of covered_door what door_then says that they were
-- Parameters: :folded (text[]: classes that this reader takes for the default one of the kind)
-- Columns: none
-- Index: none
UPDATE covered_door d SET grid_version_id = w.grid_version_id, compound_id = w.compound_id, kind = w.kind,
  class_code = CASE WHEN w.class_code = ANY (CAST(:folded AS text[])) THEN default_class(w.kind) ELSE w.class_code END
FROM door_then w
WHERE w.id = d.id
