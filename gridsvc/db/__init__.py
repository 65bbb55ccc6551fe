"""What the database remembers: the embedded cluster, engine, tables, named SQL."""
