"""Forward authentication: a reverse proxy asks here, at every request, whether whoever asks it is signed in."""
