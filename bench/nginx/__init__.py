"""The local server that every tool sends its requests to, and what it serves."""
