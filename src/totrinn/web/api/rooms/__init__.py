"""Every endpoint, in the order of the document."""

from totrinn.web.api.endpoints import Endpoint
from totrinn.web.api.rooms import (
    account,
    applications,
    connection_trying,
    connections,
    customers,
    domains,
    face,
    log,
    member_access,
    members,
    organisation,
    requirement,
    tokens,
    webhooks,
)

ENDPOINTS: tuple[Endpoint, ...] = (
    *organisation.ENDPOINTS,
    *requirement.ENDPOINTS,
    *members.ENDPOINTS,
    *member_access.ENDPOINTS,
    *connections.ENDPOINTS,
    *connection_trying.ENDPOINTS,
    *domains.ENDPOINTS,
    *face.ENDPOINTS,
    *log.ENDPOINTS,
    *tokens.ENDPOINTS,
    *webhooks.ENDPOINTS,
    *account.ENDPOINTS,
    *customers.ENDPOINTS,
    *applications.ENDPOINTS,
)
