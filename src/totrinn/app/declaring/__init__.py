"""The installation as a file declares it: what differs from it is planned, shown with whom it hits, and carried out."""
