"""The columns that an unfinished sign-in and a session share: what was proven, and the secret that awaits its code."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Table

from totrinn.core.enrolment import Pending
from totrinn.core.policy import Method, Proof, SsoProof


def proof_columns(table: Table) -> tuple[Column[Any], ...]:
    """The columns, in the order of the fields of `Proof` and then of `SsoProof`."""
    columns = table.c
    return (
        columns.method, columns.proven_at, columns.factor_at, columns.sso_organisation, columns.sso_identity,
        columns.sso_evidence, columns.sso_authenticated_at, columns.sso_session, columns.sso_ends_at,
    )  # fmt: skip


PROOF_LENGTH = 9
"""How many they are."""

_NO_SSO: dict[str, Any] = dict.fromkeys(
    ("sso_organisation", "sso_identity", "sso_evidence", "sso_authenticated_at", "sso_session", "sso_ends_at")
)


def proof_values(proof: Proof) -> dict[str, Any]:
    """The proof, by column."""
    values = {"method": proof.method, "proven_at": proof.proven_at, "factor_at": proof.factor_at, **_NO_SSO}
    if proof.method is Method.SSO and proof.sso is not None:
        values.update(
            sso_organisation=proof.sso.organisation,
            sso_identity=proof.sso.identity,
            sso_evidence=proof.sso.has_evidence,
            sso_authenticated_at=proof.sso.authenticated_at,
            sso_session=proof.sso.session or None,
            sso_ends_at=proof.sso.ends_at,
        )
    return values


def proof_of(values: Sequence[Any]) -> Proof:
    """The proof in these columns; one through SSO that names no organisation or no link vouches for nobody."""
    method, proven_at, factor_at, organisation, identity, has_evidence, authenticated_at, session, ends_at = values
    if method is not Method.SSO or organisation is None or identity is None:
        return Proof(method, proven_at, factor_at)
    vouched = SsoProof(organisation, identity, bool(has_evidence), authenticated_at, session or "", ends_at)
    return Proof(method, proven_at, factor_at, vouched)


def pending_columns(table: Table) -> tuple[Column[Any], ...]:
    """The columns of a pending secret."""
    return (table.c.pending_secret, table.c.pending_expires_at)


def pending_values(pending: Pending | None) -> dict[str, Any]:
    """The pending secret, by column; None leaves them empty."""
    if pending is None:
        return {"pending_secret": None, "pending_expires_at": None}
    return {"pending_secret": pending.sealed_secret, "pending_expires_at": pending.expires_at}


def pending_of(values: Sequence[Any]) -> Pending | None:
    """The pending secret in these columns."""
    secret, expires_at = values
    return None if secret is None else Pending(secret, expires_at)
