"""Headers on every answer (R24, R64): nothing from elsewhere, nothing framed, nothing sniffed, nothing cached."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from totrinn.web.gate.styling import STYLE_SOURCE

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'%s; base-uri 'none'; frame-ancestors 'none'"
)
_HERE = (b"content-security-policy", (_POLICY % "").encode())
# Browsers hold a form's redirects against this, too: these forms lead on to an identity provider, wherever it is.
_TO_PROVIDERS = (b"content-security-policy", (_POLICY % " https:").encode())
_TO_ANY_PROVIDER = (b"content-security-policy", (_POLICY % " https: http:").encode())
_NOTHING = "default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
_ON_PROTECTED_HOSTS = (b"content-security-policy", f"{_NOTHING}; style-src {STYLE_SOURCE}".encode())
_LEADING_TO_PROVIDERS = ("/login/sso", "/settings/sso", "/sso/")
_COMMON = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=()"),
)
_PRIVATE = (b"cache-control", b"no-store")
_PUBLIC = (b"cache-control", b"public, max-age=3600")
_HSTS = (b"strict-transport-security", b"max-age=63072000; includeSubDomains")
_ONE_TIME = ("/setup/", "/password/", "/oauth2/", "/gate/", "/.totrinn/")


class SecurityHeaders:
    """Puts the headers on every answer of the application inside."""

    def __init__(self, application: ASGIApp, *, secure: bool) -> None:
        self._application = application
        self._secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        extra = self._for_path(scope["path"])

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = list(message.get("headers", []))
                says_caching = any(name == b"cache-control" for name, _ in own)
                added = [each for each in extra if not (says_caching and each[0] == b"cache-control")]
                message["headers"] = [*own, *added]
            await send(message)

        await self._application(scope, receive, send_with_headers)

    def _for_path(self, path: str) -> list[tuple[bytes, bytes]]:
        referrer = b"no-referrer" if path.startswith(_ONE_TIME) else b"same-origin"
        caching = _PUBLIC if path.startswith("/static/") else _PRIVATE
        policy = _ON_PROTECTED_HOSTS if path.startswith("/.totrinn/") else _HERE
        if path.startswith(_LEADING_TO_PROVIDERS):
            policy = _TO_PROVIDERS if self._secure else _TO_ANY_PROVIDER
        headers = [policy, *_COMMON, (b"referrer-policy", referrer), caching]
        return [*headers, _HSTS] if self._secure else headers
