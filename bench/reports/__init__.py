"""Reports on a year of snapshots."""
