"""The state of the job, reported to people and to monitoring."""
