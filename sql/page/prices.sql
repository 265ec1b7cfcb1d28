-- grain: a type of session with its prices, out of the file $prices
select type, low_usd_per_minute, high_usd_per_minute, note
from read_csv($prices, header = true, columns = {
    'type': 'varchar',
    'low_usd_per_minute': 'double',
    'high_usd_per_minute': 'double',
    'note': 'varchar'
});
