"""The rate limit of the API: the budget, the headers, the rolling window, and the plan."""
