"""curl as a browser: it keeps cookies by the rules of browsers, `__Host-` included, and follows nothing by itself."""

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from tests.attacks.house import hidden

_PAGE = ("-H", "Accept: text/html", "-H", "Sec-Fetch-Mode: navigate")
_SECONDS = "30"


@dataclass(frozen=True, slots=True)
class Got:
    """What came back."""

    url: str
    status: int
    headers: dict[str, list[str]]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    @property
    def told(self) -> Any:
        """What the application says that it got."""
        return json.loads(self.body)

    @property
    def location(self) -> str:
        """Where it leads."""
        return urljoin(self.url, self.headers["location"][0])


class Curl:
    """One browser; every host name is this machine."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self._jar = folder / "jar"
        self._port = port

    def get(self, url: str, *more: str) -> Got:
        """Opens a page."""
        return self.run(url, *_PAGE, *more)

    def follow(self, url: str, *more: str, at_most: int = 8) -> Got:
        """Opens a page, and goes where it leads."""
        got = self.get(url, *more)
        for _ in range(at_most):
            if got.status not in (301, 302, 303):
                return got
            got = self.get(got.location)
        raise AssertionError(f"it leads on and on: {got.url}")

    def submit(self, page: Got, action: str, **fields: str) -> Got:
        """Sends a form of a page."""
        sent = {**hidden(page.text), **fields}
        data = [word for name, value in sent.items() for word in ("--data-urlencode", f"{name}={value}")]
        return self.run(urljoin(page.url, action), *_PAGE, *data)

    def run(self, url: str, *more: str) -> Got:
        """One request."""
        with tempfile.TemporaryDirectory(dir=self._folder) as name:
            place = Path(name)
            options = ("-k", "-s", "-g", "--path-as-is", "--max-time", _SECONDS, "--noproxy", "*")
            kept = ("-b", str(self._jar), "-c", str(self._jar), "-D", str(place / "head"), "-o", str(place / "body"))
            to = ("--connect-to", f"::127.0.0.1:{self._port}", "-w", "%{http_code}")
            command = ["curl", *options, *kept, *to, *more, url]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            head = (place / "head").read_text(encoding="latin-1")
            body = (place / "body").read_bytes() if (place / "body").exists() else b""
        headers: dict[str, list[str]] = {}
        for line in head.strip().rpartition("\n\n")[2].splitlines()[1:]:
            name, _, value = line.partition(":")
            headers.setdefault(name.lower(), []).append(value.strip())
        return Got(url, int(done.stdout), headers, body)

    def cookies(self) -> str:
        """The file of its cookies."""
        return self._jar.read_text() if self._jar.exists() else ""
