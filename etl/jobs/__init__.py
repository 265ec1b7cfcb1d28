"""The jobs: one short function for each, and the steps before and after the fetch that they share."""
