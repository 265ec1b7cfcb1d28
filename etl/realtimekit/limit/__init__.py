"""The rate limit of the API: what responses report, what runs may send, and what a run will cost."""
