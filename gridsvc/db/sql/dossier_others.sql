-- Question: which other reports belong to one: the one it is merged with, those merged with it, the same place before?
-- Parameters: :report_id
-- Columns: how (parent, child or again), source, number, repeat, state, received_at, description; children by receipt
-- Index: report_pkey, report_parent_id_idx
SELECT 'parent' AS how, p.source, p.number, p.repeat, p.state, p.received_at, p.description
FROM report r JOIN report p ON p.id = r.parent_id
WHERE r.id = :report_id
UNION ALL
SELECT 'again', a.source, a.number, a.repeat, a.state, a.received_at, a.description
FROM report r JOIN report a ON a.id = r.again_of
WHERE r.id = :report_id
UNION ALL
(SELECT 'child', c.source, c.number, c.repeat, c.state, c.received_at, c.description
FROM report c
WHERE c.parent_id = :report_id
ORDER BY c.received_at, c.id
LIMIT 100)
