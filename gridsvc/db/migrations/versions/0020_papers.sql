-- A campaign's papers and late visits are added up at each look at its board.
CREATE INDEX visit_papers_idx ON visit (happened_at) WHERE late OR n_issued > 0 OR n_returned > 0;
