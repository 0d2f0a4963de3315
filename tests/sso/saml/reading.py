"""Answers that differ in one thing from the usual one, and who they speak of."""

from tests.sso.saml.provider import answer, signed
from tests.sso.saml.trying import identity
from totrinn.app.identity_providers import Identity, Party


def changed(old: str, new: str) -> str:
    """The usual answer with one change; what is changed must be in it."""
    assert old in answer(), old
    return answer().replace(old, new)


def with_attributes(**attributes: str | list[str]) -> str:
    """The usual answer with these attributes and no others."""
    statement = "".join(
        f'<saml:Attribute Name="{name.replace("__", ":")}">'
        + "".join(f"<saml:AttributeValue>{value}</saml:AttributeValue>" for value in _listed(values))
        + "</saml:Attribute>"
        for name, values in attributes.items()
    )
    text = answer()
    begin = text.index("<saml:AttributeStatement>") + len("<saml:AttributeStatement>")
    return text[:begin] + statement + text[text.index("</saml:AttributeStatement>") :]


def _listed(values: str | list[str]) -> list[str]:
    return [values] if isinstance(values, str) else values


def read_answer(text: str, to: Party | None = None) -> Identity:
    """Who a right answer speaks of, signed as a whole and in part."""
    return identity(signed(text, "B"), to=to)
