-- Grain: one row per type of session, with its prices, from a CSV file such as sql/prices.csv.
-- A session of the type costs something between the low and the high price per minute.
create or replace macro price_list(path) as table
select *
from read_csv(path, header = true, columns = {
    'type': 'varchar',
    'low_usd_per_minute': 'decimal(12, 6)',
    'high_usd_per_minute': 'decimal(12, 6)',
    'note': 'varchar'
});
