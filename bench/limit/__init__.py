"""Snapshots within and at Cloudflare's limit on requests."""
