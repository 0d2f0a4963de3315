"""The gate: applications that a reverse proxy protects, and the passes by which a session counts on their hosts."""
