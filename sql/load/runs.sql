-- Enters a staged run in the ledger. Its primary key is what makes a second load fail.
insert into runs by name
select * from read_parquet($file);
