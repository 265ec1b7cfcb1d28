"""The RealtimeKit API as this job uses it. Only this package knows httpx and tenacity."""
