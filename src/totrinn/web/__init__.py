"""Pages over HTTP: requests become calls of use cases, verdicts become responses."""
