"""Secrets that are known to a test, and the search for them in whatever comes out, in every form that they take."""

import base64
import json
import re
from urllib.parse import parse_qs, quote, quote_plus, urlsplit

from totrinn.demo.browser import Answer, Browser, Form

SHORTEST = 6
_HIDDEN = re.compile(r'<input type="hidden" name="(?:csrf|confirmation|token)" value="([^"]{16,})"')
_RECOVERY = re.compile(r"\b(?:[A-Z2-7]{4}-){5}[A-Z2-7]{4}\b")
_TYPED_SECRETS = ("password", "new_password", "code")


class Canaries:
    """What must not come out, by what it is."""

    def __init__(self) -> None:
        self._secrets: dict[str, str] = {}

    def add(self, what: str, *secrets: str) -> None:
        """These are secret."""
        self._secrets |= {secret: what for secret in secrets if len(secret) >= SHORTEST}

    def kinds(self) -> set[str]:
        """Of which kinds there are any."""
        return set(self._secrets.values())

    def found_in(self, output: bytes, *, without: tuple[str, ...] = ()) -> set[str]:
        """The kinds of those that stand in the output in any form; those `without` are not looked for."""
        return {
            what
            for secret, what in self._secrets.items()
            if what not in without and any(form in output for form in forms(secret))
        }


def forms(secret: str) -> set[bytes]:
    """As it is, for an address, in JSON, in hexadecimal and in base64, wherever in a longer text it began."""
    raw = secret.encode()
    plain = {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], raw.hex(), raw.hex().upper()}
    bare = secret.replace("-", "").replace(" ", "")
    found = {each.encode() for each in plain | ({bare} if len(bare) >= SHORTEST else set())}
    for shift in range(3):
        # The first and last letters depend on what stands beside it.
        encoded = base64.b64encode(b"\0" * shift + raw)[(0, 2, 3)[shift] :]
        inner = encoded.rstrip(b"=")[: -1 if (shift + len(raw)) % 3 else None]
        if len(inner) >= SHORTEST:
            found |= {inner, inner.replace(b"+", b"-").replace(b"/", b"_")}
    return found


class WatchedBrowser(Browser):
    """A browser that remembers every secret that passes through it, and every page that is a refusal."""

    def __init__(self, base_url: str, port: int, canaries: Canaries) -> None:
        super().__init__(base_url, port)
        self.canaries = canaries
        self.refusals: list[bytes] = []

    def post(self, form: Form, **typed: str) -> Answer:
        """Fills in and sends a form, and follows where it leads."""
        for name in _TYPED_SECRETS:
            self.canaries.add(f"typed {name.removeprefix('new_')}", typed.get(name, ""))
        return super().post(form, **typed)

    def get(self, path: str, *, accept: str = "text/html") -> Answer:
        """Asks for an address and follows nothing."""
        return self._seen(super().get(path, accept=accept))

    def follow(self, answer: Answer) -> Answer:
        """Follows redirects within the service."""
        return super().follow(self._seen(answer))

    def _within(self, base: str, location: str) -> str:
        """The whole of an address elsewhere, with what it carries there."""
        query = parse_qs(urlsplit(location).query)
        for name, told in (("state", "state"), ("nonce", "nonce"), ("code", "code of the provider")):
            self.canaries.add(told, *query.get(name, []))
        return super()._within(base, location) or location

    def _seen(self, answer: Answer) -> Answer:
        self.canaries.add("form token", *_HIDDEN.findall(answer.text))
        self.canaries.add("recovery code", *_RECOVERY.findall(answer.text))
        self.canaries.add("cookie", *(value for jar in self._cookies.values() for value in jar.values()))
        if answer.status >= 400:
            self.refusals.append(answer.text.encode())
        return answer
