-- Question: none; keeps the homes of the staged doors
-- Parameters: :nrs (int[]), :keys (text[]), :compound_ids, :community_ids (bigint[]), :said (text[]): as long as one another, nulls in them
-- Columns: none
-- Index: none
INSERT INTO door_home (nr, key, compound_id, community_id, said)
SELECT * FROM unnest(CAST(:nrs AS int[]), CAST(:keys AS text[]), CAST(:compound_ids AS bigint[]), CAST(:community_ids AS bigint[]),
  CAST(:said AS text[]))
