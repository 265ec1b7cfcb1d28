"""A RealtimeKit API to run against: a seeded world, its HTTP endpoints, their limit and their faults.

`world` holds the meetings and sessions at an instant. `endpoints` answers requests about them, `limits` refuses
requests, `faults` replaces answers. `app` joins these to a web application, which `server` serves on a socket.
Needs the extra `simulator` (starlette, uvicorn).
"""
