"""Whether the job is well, said to people and to monitoring."""
