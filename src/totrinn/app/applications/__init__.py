"""The vendor's applications: what they are, who may change them, and what they may rely on."""
