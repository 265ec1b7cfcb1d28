"""The durable hand-off on disk: the lock of a job, and the runs that wait for the database."""
