"""Open, migrate, load and read the database. Only this package imports duckdb."""
