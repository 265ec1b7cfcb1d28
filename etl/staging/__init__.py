"""The hand-off on disk between fetch and database: the lock, and the staged runs."""
