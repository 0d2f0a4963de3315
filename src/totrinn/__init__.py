"""Totrinn: sign-in for organisations that require two-factor, without disturbing those who come through SSO."""

__version__ = "0.1.0"
