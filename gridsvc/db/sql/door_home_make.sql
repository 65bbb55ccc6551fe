-- Question: none; makes the temporary table of the compounds and communities that rows of door_row say they are in
-- Parameters: none
-- Columns: none (key: names.name_key of the compound's name, null where no name was given; reason: why nothing was found)
-- Index: none
CREATE TEMP TABLE door_home (
  nr int PRIMARY KEY, key text COLLATE "C", compound_id bigint, community_id bigint, lon float8, lat float8, reason text, said text
) ON COMMIT DROP
