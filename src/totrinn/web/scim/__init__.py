"""SCIM 2.0 (RFC 7643, RFC 7644): how a customer's directory tells who works there, and who no longer does."""
