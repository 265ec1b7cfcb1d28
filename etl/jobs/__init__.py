"""The jobs: one short function for each, and what both do before the fetch and after it."""
