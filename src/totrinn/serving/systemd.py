"""Telling systemd, where it started us and wants to know (sd_notify), how we are."""

import os
import socket
from contextlib import suppress

READY, STOPPING, ALIVE = "READY=1", "STOPPING=1", "WATCHDOG=1"


def tell_systemd(state: str) -> None:
    """Sends one of these states, if anybody asked for it; never waits for who does not read."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notes:
        notes.setblocking(False)
        notes.sendto(state.encode(), address.replace("@", "\0", 1) if address[0] == "@" else address)
