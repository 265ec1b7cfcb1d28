"""Payloads become typed polars frames: pure, without a clock and without I/O."""
