"""What comes in as files: read, checked, compared with what is stored, told, and written when asked to."""
