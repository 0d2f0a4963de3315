"""What is wrong with a connection as somebody wants it, by form or by API, beyond the form of each field."""

from collections.abc import Iterator
from dataclasses import replace

from totrinn.app.connecting import Draft
from totrinn.app.identity_providers import OidcSettings, SamlSettings
from totrinn.app.web_addresses import is_issuer
from totrinn.web.languages import Language

MOST_CERTIFICATES = 4


def draft_problems(language: Language, draft: Draft, *, is_enabled: bool, allow_private: bool) -> dict[str, str]:
    """A sentence for each field that cannot be as it is. `is_enabled`: people sign in by the connection now."""
    settings, say = draft.settings, language.say
    problems = {}
    if isinstance(settings, OidcSettings):
        problems = dict(_of_oidc(language, settings, is_enabled=is_enabled, allow_private=allow_private))
    if draft.rules.demands_evidence and not draft.rules.evidence:
        problems["evidence"] = say("Write at least one value that counts; otherwise nobody gets in.")
    return problems


def _of_oidc(
    language: Language, settings: OidcSettings, *, is_enabled: bool, allow_private: bool
) -> Iterator[tuple[str, str]]:
    say = language.say
    if settings.issuer and not is_issuer(settings.issuer, allow_private=allow_private):
        yield "issuer", say("Type the whole address, beginning with https://, without ? and #.")
    for name in ("issuer", "client_id"):
        if is_enabled and not getattr(settings, name):
            yield name, say("The connection is on and cannot be without it.")
    if "openid" not in settings.scopes:
        yield "scopes", say("The scope “openid” must be among them.")


def merged_metadata(
    language: Language, standing: SamlSettings, found: SamlSettings, *, beside: bool
) -> SamlSettings | str:
    """The options as they stand, with what the metadata said; its certificates beside the old ones where wanted.

    Else a sentence that says why not.
    """
    certificates = found.certificates
    if beside:
        if found.entity_id != standing.entity_id:
            return language.say("This is another provider’s metadata. Its certificate was not added.")
        certificates = tuple(dict.fromkeys((*standing.certificates, *certificates)))
        if len(certificates) > MOST_CERTIFICATES:
            return language.say("There would be too many certificates. Replace them instead.")
    return replace(
        standing,
        entity_id=found.entity_id,
        sso_url=found.sso_url,
        slo_url=found.slo_url,
        certificates=certificates,
    )
