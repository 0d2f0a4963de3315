"""What a sign-in, a check of a session and a start cost: `python -m bench` measures it beside a bare floor."""
