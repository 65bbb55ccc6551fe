-- How doors stand in a window of visits, and which counts of a campaign each adds to.

-- The visits that hold as of an instant ('infinity': now): recorded by then, not superseded by then, not withdrawn.
CREATE FUNCTION effective_visits(as_of timestamptz) RETURNS SETOF visit LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT v.* FROM visit v
  WHERE v.recorded_at <= $1 AND v.outcome <> 'withdrawn'
    AND NOT EXISTS (SELECT FROM visit s WHERE s.supersedes_id = v.id AND s.recorded_at <= $1)
$$;

-- Doors with at least one counted visit: effective as of an instant, happened in [starts_at, ends_at), of these modes.
-- Who wants few of them filters by household_id: the planner takes that inside.
CREATE FUNCTION door_status(starts_at timestamptz, ends_at timestamptz, modes text[], as_of timestamptz)
RETURNS TABLE (household_id bigint, status text, n_visits integer, n_reached integer, n_met integer, most_met integer,
  reached_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT v.household_id,
    CASE WHEN bool_or(v.outcome = 'reached') THEN 'reached'
      ELSE (array_agg(v.outcome ORDER BY v.happened_at DESC, v.recorded_at DESC, v.id DESC))[1] END,
    CAST(count(*) AS integer),
    CAST(count(*) FILTER (WHERE v.outcome = 'reached') AS integer),
    CAST(coalesce(sum(v.n_met) FILTER (WHERE v.outcome = 'reached'), 0) AS integer),
    CAST(coalesce(max(v.n_met) FILTER (WHERE v.outcome = 'reached'), 0) AS integer),
    min(v.happened_at) FILTER (WHERE v.outcome = 'reached')
  FROM effective_visits($4) v
  WHERE v.happened_at >= $1 AND v.happened_at < $2 AND v.mode = ANY ($3)
  GROUP BY v.household_id
$$;

-- What one door of a campaign's list adds to each count of its cell, 0 or 1, and its visits and people met.
CREATE FUNCTION door_counts(targeted boolean, excluded text, removed_at timestamptz, status text, n_visits integer,
  n_reached integer, n_met integer, most_met integer, n_times integer)
RETURNS TABLE (enumerated integer, targeted integer, eligible integer, attempted integer, found integer,
  reached integer, reached_enumerated integer, completed integer, absent integer, refused integer, vacant integer,
  moved integer, not_found integer, not_eligible integer, not_visited integer, removed integer, n_visits integer,
  n_met integer, most_met integer)
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT 1, CAST($1 AS integer), CAST($2 IS NULL AS integer), CAST($2 IS NULL AND $5 > 0 AS integer),
    CAST($2 IS NULL AND $5 > 0 AND $4 <> 'not_found' AS integer),
    CAST($2 IS NULL AND $4 = 'reached' AS integer), CAST($4 = 'reached' AS integer),
    CAST($2 IS NULL AND $6 >= $9 AS integer),
    CAST($4 = 'absent' AS integer), CAST($4 = 'refused' AS integer), CAST($4 = 'vacant' AS integer),
    CAST($4 = 'moved' AS integer), CAST($4 = 'not_found' AS integer), CAST($4 = 'not_eligible' AS integer),
    CAST($4 = 'not_visited' AS integer), CAST($3 IS NOT NULL AS integer), $5, $7, $8
$$;

-- Cells that doors have left are dropped again.
CREATE INDEX campaign_cell_empty_idx ON campaign_cell (campaign_id) WHERE enumerated = 0;
