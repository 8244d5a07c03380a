"""The outside world -> files that can be trusted: data sets and weights, found or fetched, verified, cleaned."""
