"""A RealtimeKit API to run against: a seeded world, its HTTP endpoints, their limits and their faults.

`world` says what is so at an instant, `app` answers requests about it, `limits` refuses and `faults`
spoils answers, `server` puts the whole on a socket. Needs the extra `simulator` (starlette, uvicorn).
"""
