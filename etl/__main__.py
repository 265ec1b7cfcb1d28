"""Runs the command line as `python -m etl`."""

from etl.cli import main

main()
