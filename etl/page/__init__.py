"""The page: one HTML file that says what was used, without a script and without a request to anywhere."""
