"""What people do: each use case loads facts, asks `core`, saves, writes the log; one transaction each."""
