-- Grain: one row per type of session in the price file $prices, with the note on its prices.
select type, coalesce(note, '') as note
from price_list($prices);
