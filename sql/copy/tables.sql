-- Grain: one row per table of the database, with its quoted name.
select
    concat(
        concat('"', replace(schema_name, '"', '""'), '"'),
        '.',
        concat('"', replace(table_name, '"', '""'), '"')
    ) as name
from duckdb_tables()
where database_name = 'usage'
    and not internal
order by name;
