"""What stands between a stranger's file and a Layer: one reader a format, the checks, and the process they run in."""
