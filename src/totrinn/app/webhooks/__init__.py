"""Webhooks: an organisation's own systems are told of its events, by signed requests."""
