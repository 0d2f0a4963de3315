"""What runs for as long as Totrinn serves: processes, connections, the log of requests, the house and who keeps it."""
