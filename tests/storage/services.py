"""Services over a database, for what needs no identity provider."""

from typing import Any, NoReturn, cast

from totrinn.app.identity_providers import DomainRecords, IdentityProviders
from totrinn.app.ports import Services
from totrinn.crypto import Argon2Passwords, KeyVault, SystemRandomness
from totrinn.oidc_provider import JoseOpenId
from totrinn.storage import Database


class _Unreachable:
    """Fails whoever uses it."""

    def __getattr__(self, name: str) -> NoReturn:
        raise AssertionError(f"{name} is not to be asked for here")


def services_of(database: Database, vault: KeyVault) -> Services:
    """Everything but a way out to the world."""
    nobody: Any = _Unreachable()
    return Services(
        store=database,
        passwords=Argon2Passwords(),
        vault=vault,
        random=SystemRandomness(),
        providers=cast("IdentityProviders", nobody),
        domain_records=cast("DomainRecords", nobody),
        openid=JoseOpenId(),
        application_name="Jobadmin",
        vendor_name="Vendor",
    )
