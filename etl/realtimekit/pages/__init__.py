"""Reading lists page by page, so that nothing is missed: backward, forward, and what both share."""
