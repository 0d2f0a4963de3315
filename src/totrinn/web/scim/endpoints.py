"""The addresses of SCIM. Whatever else stands below them is refused in the same form."""

from totrinn.core.roles import Right
from totrinn.web.demands import by_token
from totrinn.web.routing import Page
from totrinn.web.scim import discovery, groups, users
from totrinn.web.scim.call import ROOT, Answerer, Endpoint

_BY_DIRECTORY = by_token(Right.PROVISION)


def _page(path: str, **answerers: Answerer) -> Page:
    endpoint = Endpoint({method.upper(): answerer for method, answerer in answerers.items()})
    return Page(f"{ROOT}{path}", _BY_DIRECTORY, program=endpoint)


PAGES = (
    _page("/ServiceProviderConfig", get=discovery.config),
    _page("/ResourceTypes", get=discovery.resource_types),
    _page("/ResourceTypes/{id}", get=discovery.resource_type),
    _page("/Schemas", get=discovery.schemas),
    _page("/Schemas/{id}", get=discovery.schema),
    _page("/Users", get=users.search, post=users.add),
    _page("/Users/.search", post=lambda call: users.search(call.searching())),
    _page("/Users/{id}", get=users.look, put=users.replace, patch=users.change, delete=users.remove),
    _page("/Groups", get=groups.search, post=groups.add),
    _page("/Groups/.search", post=lambda call: groups.search(call.searching())),
    _page("/Groups/{id}", get=groups.look, put=groups.replace, patch=groups.change, delete=groups.remove),
    _page("/.search", post=discovery.not_everywhere),
    _page("/{path:path}"),
)
