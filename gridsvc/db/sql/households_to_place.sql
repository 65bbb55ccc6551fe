-- Question: none; puts these doors into to_place
-- Parameters: :ids (bigint[]), :now (instant)
-- Columns: none
-- Index: household_pkey
INSERT INTO to_place (id, geom, at) SELECT id, geom, :now FROM household WHERE id = ANY (:ids)
