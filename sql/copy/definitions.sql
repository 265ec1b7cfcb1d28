-- Grain: one row per table, index, view or macro that the database and its copy define differently.
-- DuckDB writes the columns after `exclude` in any order, so definitions are compared as sets of
-- words. The words of the two definitions of a thing are the same, each as often as in the other.
with definitions as (
    select database_name, 'table' as kind, schema_name, table_name as name, sql as definition
    from duckdb_tables()
    where not internal

    union all

    select database_name, 'index', schema_name, index_name, sql
    from duckdb_indexes()

    union all

    select database_name, 'view', schema_name, view_name, sql
    from duckdb_views()
    where not internal

    union all

    select
        database_name,
        'macro',
        schema_name,
        function_name,
        concat_ws(' ', function_type, cast(parameters as varchar), macro_definition)
    from duckdb_functions()
    where not internal
)

select kind, schema_name, name
from definitions
where database_name in ('usage', 'database_copy')
group by
    kind,
    schema_name,
    name,
    list_sort(regexp_split_to_array(coalesce(definition, ''), '\W+'))
having count(*) <> 2
order by kind, schema_name, name;
