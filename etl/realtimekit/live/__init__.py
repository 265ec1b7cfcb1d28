"""Live sessions: one request per meeting, or one list of all."""
