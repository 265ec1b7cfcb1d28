"""RealtimeKit over HTTP: the client, the meaning of its responses, and the retry policy."""
