-- Insert a staged run into the ledger. The primary key of runs makes a second load of it fail.
insert into runs by name
select * from read_parquet($file);
