-- Insert the failures of a staged run. A failure belongs to its run, so no row is left out.
insert into fetch_failures by name
select * from read_parquet($file);
