"""Ended sessions: the lists of them, their final figures, and the totals of days."""
