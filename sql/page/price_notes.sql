-- grain: a type of session with a price in the file $prices, and the note on that price
select type, coalesce(note, '') as note
from read_csv($prices, header = true, columns = {
    'type': 'varchar',
    'low_usd_per_minute': 'decimal(12, 6)',
    'high_usd_per_minute': 'decimal(12, 6)',
    'note': 'varchar'
});
