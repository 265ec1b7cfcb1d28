"""The target: where the rows end. Only this package knows duckdb."""
