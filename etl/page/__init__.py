"""The page: usage as one HTML file, without scripts and without requests to other servers."""
