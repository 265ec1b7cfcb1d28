"""The benchmark: whole jobs beside other tools, jobs at Cloudflare's limit, and reports; `run.py` runs all of it."""
