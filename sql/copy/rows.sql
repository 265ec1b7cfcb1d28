-- The first row of {table} that differs between the database and its copy, if any.
select 1 as difference
from usage.{table} as original
positional join database_copy.{table} as copied
where original is distinct from copied
limit 1;
