"""What a user installs: the file with the settings, and the schedule of the jobs."""
