"""A customer's directory tells who works there: members come and go by it, and groups are known from it."""
