"""A RealtimeKit API to run against: a seeded world, its HTTP endpoints, their limit and their faults.

`world` holds the meetings and sessions at an instant, `endpoints` answers requests about them, `limits` refuses
requests, `faults` spoils answers, `app` joins these, and `server` serves the app on a socket. Needs the extra
`simulator` (starlette, uvicorn).
"""
