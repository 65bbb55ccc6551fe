-- Which reports a map, its picture and its paper show to a reader within a box: one rule for all that draw them. A statement
-- that calls it is planned with this text in its place, so that the indexes of report and placement serve it.

-- `held_at`: the instant whose placements count; null: the current ones, which an index tells without the row.
CREATE FUNCTION shown_reports(
    west double precision, south double precision, east double precision, north double precision,
    received_from timestamptz, received_to timestamptz, of_category text, in_states text[], held_at timestamptz,
    all_areas boolean, area_ids bigint[], of_worker bigint, queue boolean
) RETURNS SETOF report LANGUAGE sql STABLE AS $$
  SELECT r.* FROM report r
  WHERE r.geom && ST_MakeEnvelope(west, south, east, north, 4326) AND r.state <> 'void'
    AND (received_from IS NULL OR r.received_at >= received_from) AND (received_to IS NULL OR r.received_at < received_to)
    AND (of_category IS NULL OR r.category = of_category) AND (cardinality(in_states) = 0 OR r.state = ANY (in_states))
    AND (all_areas OR CASE WHEN held_at IS NULL THEN
      EXISTS (
        SELECT FROM placement p
        WHERE p.report_id = r.id AND p.to_at IS NULL
          AND p.grid_version_id = ANY (ARRAY(SELECT seen_grids(area_ids, of_worker))))
      OR (queue AND EXISTS (
        SELECT FROM placement p WHERE p.report_id = r.id AND p.to_at IS NULL AND p.grid_version_id IS NULL))
    ELSE
      EXISTS (
        SELECT FROM placement p
        WHERE p.report_id = r.id AND p.to_at IS NULL AND (p.from_at <= held_at OR p.seq = 1)
          AND p.grid_version_id = ANY (ARRAY(SELECT seen_grids(area_ids, of_worker))))
      OR EXISTS (
        SELECT FROM placement p
        WHERE p.report_id = r.id AND p.to_at > held_at AND (p.from_at <= held_at OR p.seq = 1)
          AND p.grid_version_id = ANY (ARRAY(SELECT seen_grids(area_ids, of_worker))))
      OR (queue AND EXISTS (
        SELECT FROM placement p
        WHERE p.report_id = r.id AND (p.from_at <= held_at OR p.seq = 1) AND (p.to_at IS NULL OR p.to_at > held_at)
          AND p.grid_version_id IS NULL))
    END)
$$;
