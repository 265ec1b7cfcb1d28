"""The files that a user installs: the settings of the job, and its schedule."""
