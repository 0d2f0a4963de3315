"""The columns that an unfinished sign-in and a session share: what was proven, and the secret that awaits its code."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Table

from totrinn.core.enrolment import Pending
from totrinn.core.policy import Proof


def proof_columns(table: Table) -> tuple[Column[Any], ...]:
    """The columns, in the order of the fields of `Proof`."""
    columns = table.c
    return (columns.method, columns.proven_at, columns.factor_at, columns.sso_organisation)


def proof_values(proof: Proof) -> dict[str, Any]:
    """The proof, by column."""
    return {
        "method": proof.method,
        "proven_at": proof.proven_at,
        "factor_at": proof.factor_at,
        "sso_organisation": proof.sso_organisation,
    }


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
