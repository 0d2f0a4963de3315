"""Why an application is refused, by the codes of OAuth 2.0 and OpenID Connect."""

from dataclasses import dataclass
from enum import StrEnum


class Error(StrEnum):
    """RFC 6749 §4.1.2.1 and §5.2, RFC 6750 §3.1, OpenID Connect Core §3.1.2.6."""

    INVALID_REQUEST = "invalid_request"
    INVALID_CLIENT = "invalid_client"
    INVALID_GRANT = "invalid_grant"
    INVALID_SCOPE = "invalid_scope"
    INVALID_TOKEN = "invalid_token"
    INSUFFICIENT_SCOPE = "insufficient_scope"
    UNAUTHORIZED_CLIENT = "unauthorized_client"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"
    UNSUPPORTED_RESPONSE_TYPE = "unsupported_response_type"
    REQUEST_NOT_SUPPORTED = "request_not_supported"
    REQUEST_URI_NOT_SUPPORTED = "request_uri_not_supported"
    INVALID_REQUEST_URI = "invalid_request_uri"
    REGISTRATION_NOT_SUPPORTED = "registration_not_supported"


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was given. The description is for developers, in English and ASCII."""

    error: Error
    description: str = ""
