"""Usage reporting: the catalogue of reports, checks, periods, and formats."""
