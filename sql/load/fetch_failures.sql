-- Adds what a staged run could not learn. A failure belongs to its run, so that nothing is left out.
insert into fetch_failures by name
select * from read_parquet($file);
