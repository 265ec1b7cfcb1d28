-- Grain: one row, with the version of DuckDB that reads the database, and its newest migration.
select
    ltrim(version(), 'v') as duckdb_version,
    max(name) as schema_version
from schema_migrations
where name not like 'views %';
