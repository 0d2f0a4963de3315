"""Every endpoint, in the order of the document."""

from totrinn.web.api.endpoints import Endpoint
from totrinn.web.api.rooms import applications, connections, customers, log, members, organisation, requirement, tokens

ENDPOINTS: tuple[Endpoint, ...] = (
    *organisation.ENDPOINTS,
    *requirement.ENDPOINTS,
    *members.ENDPOINTS,
    *connections.ENDPOINTS,
    *log.ENDPOINTS,
    *tokens.ENDPOINTS,
    *customers.ENDPOINTS,
    *applications.ENDPOINTS,
)
