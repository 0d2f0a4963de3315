"""The only way out: what is asked of other servers, and how little that may cost or reveal."""
