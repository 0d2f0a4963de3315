"""A small browser: cookies, forms, one step at a time. It knows of the service what anybody's browser knows."""

import http.client
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from types import MappingProxyType
from urllib.parse import urlencode, urljoin, urlsplit

_USER_AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"
_SECONDS = 20
_MOST_HOPS = 8


@dataclass(slots=True)
class Form:
    """A form on a page, with what is filled in already."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    path: str
    location: str
    text: str

    def form(self, action: str) -> Form:
        """The form that is sent to this path. Raises `LookupError` when the page has none."""
        for form in _read(self.text).forms:
            form.action = form.action or self.path
            if form.action == action:
                return form
        raise LookupError(f"{self.path} ({self.status}) has no form for {action}")

    def links(self) -> dict[str, str]:
        """The addresses that the page links to, and their words."""
        return _read(self.text).links


class Browser:
    """One browser, with its own cookies, for the service and what stands beside it: addresses and their ports."""

    def __init__(self, base_url: str, port: int, *, beside: Mapping[str, int] = MappingProxyType({})) -> None:
        self._base_url = base_url
        self._ports = {base_url: port, **beside}
        self._cookies: dict[str, dict[str, str]] = {}

    def get(self, path: str, *, accept: str = "text/html") -> Answer:
        """Asks for a path of the service, or for an address beside it, and follows nothing."""
        return self._send("GET", path, None, accept)

    def post(self, form: Form, **typed: str) -> Answer:
        """Fills in and sends a form, and follows where it leads."""
        answer = self._send("POST", form.action, {**form.fields, **typed}, "text/html")
        return self.follow(answer)

    def visit(self, path: str) -> Answer:
        """Asks for an address and follows where it leads."""
        return self.follow(self.get(path))

    def follow(self, answer: Answer) -> Answer:
        """Follows redirects within the service, and to what stands beside it."""
        for _ in range(_MOST_HOPS):
            if answer.status not in (302, 303, 307) or not answer.location:
                return answer
            answer = self.get(answer.location)
        raise LookupError(f"{answer.path} leads in circles")

    def _send(self, method: str, path: str, fields: Mapping[str, str] | None, accept: str) -> Answer:
        base, target = self._place(path)
        headers = {"Host": urlsplit(base).netloc, "User-Agent": _USER_AGENT, "Accept": accept}
        if cookies := self._cookies.get(base):
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        body = None
        if fields is not None:
            body = urlencode(fields)
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": base}
        connection = http.client.HTTPConnection("127.0.0.1", self._ports[base], timeout=_SECONDS)
        try:
            connection.request(method, target, body, headers)
            response = connection.getresponse()
            text = response.read().decode("utf-8", "replace")
        finally:
            connection.close()
        self._keep(base, response.headers.get_all("Set-Cookie") or [])
        location = response.headers.get("Location", "")
        return Answer(response.status, path, self._within(base, location), text)

    def _place(self, path: str) -> tuple[str, str]:
        """The base address, and the path there."""
        for base in self._ports:
            if path.startswith(f"{base}/"):
                return base, path.removeprefix(base)
        return self._base_url, path

    def _keep(self, base: str, set_cookies: list[str]) -> None:
        kept = self._cookies.setdefault(base, {})
        for line in set_cookies:
            for name, morsel in SimpleCookie(line).items():
                if morsel["max-age"] == "0":
                    kept.pop(name, None)
                else:
                    kept[name] = morsel.value

    def _within(self, base: str, location: str) -> str:
        """Path and query of an address of the service, an address beside it as a whole; empty for one elsewhere."""
        if not location:
            return ""
        url = urlsplit(urljoin(f"{base}/", location))
        origin = f"{url.scheme}://{url.netloc}"
        if origin not in self._ports:
            return ""
        path = f"{url.path}?{url.query}" if url.query else url.path
        return path if origin == self._base_url else f"{origin}{path}"


class _Reader(HTMLParser):
    """Forms and links, as a browser finds them."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: dict[str, str] = {}
        self._form: Form | None = None
        self._select = ""
        self._option_of = ""
        self._link = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and given.get("method", "").lower() == "post":
            self._form = Form(given.get("action", ""))
            self.forms.append(self._form)
        elif tag == "a" and "href" in given:
            self._link = given["href"]
            self.links[self._link] = ""
        elif tag == "select":
            self._select = given.get("name", "")
        elif self._form is not None:
            self._fill(self._form, tag, given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = ""
        elif tag == "option":
            self._option_of = ""
        elif tag == "a":
            self._link = ""

    def handle_data(self, data: str) -> None:
        if self._link:
            self.links[self._link] += data
        if self._option_of and self._form is not None:
            self._form.fields[self._option_of] += data

    def _fill(self, form: Form, tag: str, given: Mapping[str, str]) -> None:
        name = given.get("name", "")
        is_choice = given.get("type") in ("checkbox", "radio")
        if tag == "input" and name and "disabled" not in given and (not is_choice or "checked" in given):
            form.fields[name] = given.get("value", "on" if is_choice else "")
        elif tag == "option" and self._select and ("selected" in given or self._select not in form.fields):
            form.fields[self._select] = given.get("value", "")
            # Without a value of its own, an option is worth its words.
            self._option_of = "" if "value" in given else self._select


def _read(text: str) -> _Reader:
    reader = _Reader()
    reader.feed(text)
    return reader
