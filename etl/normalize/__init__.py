"""Turn payloads into typed polars frames. Pure, without a clock and without I/O."""
