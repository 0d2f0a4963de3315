"""A connection in words and as data: what is agreed, and what the provider has to be told of us. Never a secret."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from totrinn.app.identity_providers import OidcSettings, Rejected, SamlSettings, Unavailable
from totrinn.app.owning_domains import record_of
from totrinn.app.sso_describing import our_side
from totrinn.app.sso_records import Connection, Domain


@dataclass(frozen=True, slots=True)
class Shown:
    """A connection with what is shown beside it."""

    connection: Connection
    slug: str
    domains: tuple[Domain, ...]
    link: Callable[[str], str]
    """Makes an address of a path of ours."""


def addresses(shown: Shown) -> dict[str, str]:
    """Our addresses for the provider of this connection; the callback of SAML is where assertions are consumed."""
    side = our_side(shown.connection.id)
    is_oidc = isinstance(shown.connection.settings, OidcSettings)
    paths = {
        "callback": side.callback if is_oidc else side.acs,
        "metadata": side.metadata,
        "logout": side.backchannel_logout if is_oidc else side.single_logout,
        "login": side.login,
    }
    return {name: shown.link(path) for name, path in paths.items()}


def domain_data(domain: Domain) -> dict[str, Any]:
    """A domain for programs."""
    return {
        "domain": domain.name,
        "connection": domain.connection_id,
        "proven_at": domain.proven_at,
        "proven_by": domain.proven_by,
        "record": asdict(record_of(domain)),
    }


def for_programs(shown: Shown) -> dict[str, Any]:
    """A connection for programs."""
    connection = shown.connection
    names = [domain.name for domain in shown.domains]
    return {
        "id": connection.id,
        "organisation": shown.slug,
        "kind": connection.kind,
        "name": connection.name,
        "is_enabled": connection.is_enabled,
        "is_tested": connection.is_tested,
        **addresses(shown),
        "domain": names[0] if names else None,
        "domains": [domain_data(domain) for domain in shown.domains],
        "settings": asdict(connection.settings),
        "rules": {**asdict(connection.rules), "evidence_age": _minutes(connection.rules.evidence_age)},
        "created_at": connection.created_at,
    }


def for_people(shown: Shown) -> str:
    """A connection for people."""
    rows = [*_agreed(shown), *_rules(shown.connection), *_told(shown)]
    lines = [f"  {name:<28}{value}" for name, value in rows]
    return "\n".join([*lines, *(line for domain in shown.domains for line in domain_lines(domain))])


def domain_lines(domain: Domain) -> Iterator[str]:
    """A domain for people; one that is not proven with the record that proves it."""
    if domain.proven_at is not None:
        yield f"  {'domain':<28}{domain.name} (proven by {domain.proven_by})"
        return
    record = record_of(domain)
    yield f"  {'domain':<28}{domain.name} (not proven: publish this record, then `totrinn domain check`)"
    yield f'  {"":<28}{record.name}. TXT "{record.value}"'


def check_words(connection: Connection, problem: Rejected | Unavailable | None) -> str:
    """What the provider said to it."""
    if problem is not None:
        what = "cannot be reached" if isinstance(problem, Unavailable) else "is not usable as it is"
        return f"{connection.name} {what}: {problem.code}{f' ({problem.detail})' if problem.detail else ''}"
    if isinstance(connection.settings, SamlSettings):
        return f"{connection.name}: its metadata has everything that is needed; a sign-in alone shows the rest."
    return f"{connection.name} can be reached, and offers everything that is needed."


def _agreed(shown: Shown) -> Iterator[tuple[str, str]]:
    connection = shown.connection
    yield "id", connection.id
    yield "name", connection.name
    yield "kind", connection.kind.value
    yield "switched on", _yes(connection.is_enabled)
    settings = connection.settings
    if isinstance(settings, OidcSettings):
        yield "issuer", settings.issuer
        yield "client id", settings.client_id
        yield "authentication", settings.authentication.value
        yield "scopes", " ".join(settings.scopes)
    else:
        yield "provider's entity id", settings.entity_id
        yield "provider's sign-in address", settings.sso_url
        yield "pinned certificates", str(len(settings.certificates))


def _rules(connection: Connection) -> Iterator[tuple[str, str]]:
    rules = connection.rules
    yield "evidence of two factors", "demanded" if rules.demands_evidence else "not demanded"
    if rules.demands_evidence:
        yield "what counts as evidence", " ".join(rules.evidence)
        age = _minutes(rules.evidence_age)
        yield "how old evidence may be", "any age" if age is None else f"{age} minutes"
    yield "a first sign-in", f"makes a member: {rules.default_role.value}" if rules.creates_members else "makes nobody"
    for group, role in rules.roles:
        yield f"role of {group}", role.value


def _told(shown: Shown) -> Iterator[tuple[str, str]]:
    found = addresses(shown)
    is_oidc = isinstance(shown.connection.settings, OidcSettings)
    yield "callback address" if is_oidc else "callback address (ACS)", found["callback"]
    yield "our public keys" if is_oidc else "our metadata and entity id", found["metadata"]
    yield "back-channel logout" if is_oidc else "single logout", found["logout"]
    yield "direct sign-in link", found["login"]


def _minutes(span: timedelta | None) -> int | None:
    return None if span is None else int(span.total_seconds() // 60)


def _yes(value: bool) -> str:
    return "yes" if value else "no"
