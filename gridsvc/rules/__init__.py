"""Duty in plain Python: no I/O, no database, no clock."""
