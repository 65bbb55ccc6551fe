-- What a coverage asks of the areas and the register.

-- The area of this level in which each area lies (itself where it is one).
CREATE FUNCTION areas_above(level text) RETURNS TABLE (below_id bigint, id bigint) LANGUAGE sql STABLE AS $$
  WITH RECURSIVE up AS (
    SELECT a.id AS below_id, a.id, a.parent_id, a.level FROM area a
    UNION ALL
    SELECT u.below_id, p.id, p.parent_id, p.level FROM up u JOIN area p ON p.id = u.parent_id WHERE u.level <> $1
  )
  SELECT u.below_id, u.id FROM up u WHERE u.level = $1
$$;

-- Doors that came on the register after a list was drawn.
CREATE INDEX household_registered_at_idx ON household (registered_at);

-- The counts of a campaign by grid alone, kept with its cells: what a map of ten thousand grids reads at each look.
CREATE TABLE campaign_grid (
    campaign_id BIGINT NOT NULL,
    grid_version_id BIGINT,
    enumerated INTEGER DEFAULT 0 NOT NULL,
    targeted INTEGER DEFAULT 0 NOT NULL,
    eligible INTEGER DEFAULT 0 NOT NULL,
    attempted INTEGER DEFAULT 0 NOT NULL,
    found INTEGER DEFAULT 0 NOT NULL,
    reached INTEGER DEFAULT 0 NOT NULL,
    reached_enumerated INTEGER DEFAULT 0 NOT NULL,
    completed INTEGER DEFAULT 0 NOT NULL,
    absent INTEGER DEFAULT 0 NOT NULL,
    refused INTEGER DEFAULT 0 NOT NULL,
    vacant INTEGER DEFAULT 0 NOT NULL,
    moved INTEGER DEFAULT 0 NOT NULL,
    not_found INTEGER DEFAULT 0 NOT NULL,
    not_eligible INTEGER DEFAULT 0 NOT NULL,
    not_visited INTEGER DEFAULT 0 NOT NULL,
    removed INTEGER DEFAULT 0 NOT NULL,
    n_visits INTEGER DEFAULT 0 NOT NULL,
    n_met INTEGER DEFAULT 0 NOT NULL,
    most_met INTEGER DEFAULT 0 NOT NULL,
    CONSTRAINT campaign_grid_key UNIQUE NULLS NOT DISTINCT (campaign_id, grid_version_id),
    CONSTRAINT campaign_grid_campaign_id_fkey FOREIGN KEY(campaign_id) REFERENCES campaign (id) ON DELETE CASCADE,
    CONSTRAINT campaign_grid_grid_version_id_fkey FOREIGN KEY(grid_version_id) REFERENCES grid_version (id)
);

-- A change of a cell changes its grid by as much. Rows are changed when the statement has changed all its cells, in the
-- same order: so two that count beside each other never wait crosswise.
CREATE FUNCTION campaign_grid_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO campaign_grid AS g (campaign_id, grid_version_id,
    enumerated, targeted, eligible, attempted, found, reached, reached_enumerated, completed, absent, refused,
    vacant, moved, not_found, not_eligible, not_visited, removed, n_visits, n_met, most_met)
  VALUES (coalesce(NEW.campaign_id, OLD.campaign_id), coalesce(NEW.grid_version_id, OLD.grid_version_id),
    coalesce(NEW.enumerated, 0) - coalesce(OLD.enumerated, 0), coalesce(NEW.targeted, 0) - coalesce(OLD.targeted, 0),
    coalesce(NEW.eligible, 0) - coalesce(OLD.eligible, 0), coalesce(NEW.attempted, 0) - coalesce(OLD.attempted, 0),
    coalesce(NEW.found, 0) - coalesce(OLD.found, 0), coalesce(NEW.reached, 0) - coalesce(OLD.reached, 0),
    coalesce(NEW.reached_enumerated, 0) - coalesce(OLD.reached_enumerated, 0),
    coalesce(NEW.completed, 0) - coalesce(OLD.completed, 0), coalesce(NEW.absent, 0) - coalesce(OLD.absent, 0),
    coalesce(NEW.refused, 0) - coalesce(OLD.refused, 0), coalesce(NEW.vacant, 0) - coalesce(OLD.vacant, 0),
    coalesce(NEW.moved, 0) - coalesce(OLD.moved, 0), coalesce(NEW.not_found, 0) - coalesce(OLD.not_found, 0),
    coalesce(NEW.not_eligible, 0) - coalesce(OLD.not_eligible, 0),
    coalesce(NEW.not_visited, 0) - coalesce(OLD.not_visited, 0), coalesce(NEW.removed, 0) - coalesce(OLD.removed, 0),
    coalesce(NEW.n_visits, 0) - coalesce(OLD.n_visits, 0), coalesce(NEW.n_met, 0) - coalesce(OLD.n_met, 0),
    coalesce(NEW.most_met, 0) - coalesce(OLD.most_met, 0))
  ON CONFLICT ON CONSTRAINT campaign_grid_key DO UPDATE SET
    enumerated = g.enumerated + excluded.enumerated, targeted = g.targeted + excluded.targeted,
    eligible = g.eligible + excluded.eligible, attempted = g.attempted + excluded.attempted,
    found = g.found + excluded.found, reached = g.reached + excluded.reached,
    reached_enumerated = g.reached_enumerated + excluded.reached_enumerated,
    completed = g.completed + excluded.completed, absent = g.absent + excluded.absent,
    refused = g.refused + excluded.refused, vacant = g.vacant + excluded.vacant, moved = g.moved + excluded.moved,
    not_found = g.not_found + excluded.not_found, not_eligible = g.not_eligible + excluded.not_eligible,
    not_visited = g.not_visited + excluded.not_visited, removed = g.removed + excluded.removed,
    n_visits = g.n_visits + excluded.n_visits, n_met = g.n_met + excluded.n_met,
    most_met = g.most_met + excluded.most_met; RETURN NULL; END
$$;

CREATE TRIGGER campaign_grid_kept AFTER INSERT OR UPDATE OR DELETE ON campaign_cell
FOR EACH ROW EXECUTE FUNCTION campaign_grid_kept();

INSERT INTO campaign_grid (campaign_id, grid_version_id,
  enumerated, targeted, eligible, attempted, found, reached, reached_enumerated, completed, absent, refused, vacant,
  moved, not_found, not_eligible, not_visited, removed, n_visits, n_met, most_met)
SELECT campaign_id, grid_version_id,
  sum(enumerated), sum(targeted), sum(eligible), sum(attempted), sum(found), sum(reached), sum(reached_enumerated),
  sum(completed), sum(absent), sum(refused), sum(vacant), sum(moved), sum(not_found), sum(not_eligible),
  sum(not_visited), sum(removed), sum(n_visits), sum(n_met), sum(most_met)
FROM campaign_cell GROUP BY campaign_id, grid_version_id;

-- What a grid is called, without its shape.
CREATE INDEX grid_version_called_idx ON grid_version (id) INCLUDE (code, name, layer);
