"""A seed -> pictures: the drawn data sets, drawn on first use."""
