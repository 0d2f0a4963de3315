"""What the API's document says is what the API does, whatever it is sent: schemathesis makes that up from it."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.authorisation.house import OWN, VENDOR, Caller, Furnished, furnished, services_in
from tests.web.house import PASSWORD, SETTINGS
from totrinn.web.api.rooms import ENDPOINTS
from totrinn.web.application import create

_EXAMPLES = 5
_CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
_TRIED = [
    (each.method, f"/api/v1{each.path}", by)
    for each in ENDPOINTS
    for by in ("session", *(("token",) if each.scopes else ()))
]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Furnished]:
    """A house that keeps nothing."""
    services = services_in(tmp_path_factory.mktemp("document"))
    yield furnished(services, services.passwords.hash(PASSWORD))
    services.store.close()  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def schema(house: Furnished) -> Any:
    """The document as it is served."""
    return schemathesis.openapi.from_asgi("/api/v1/openapi.json", create(house.forgetful, SETTINGS))


def _caller(house: Furnished, names: tuple[str, ...]) -> Caller:
    return next(caller for caller in house.callers if caller.name in names)


def _names(path: str, by: str) -> tuple[str, ...]:
    """Of whom the path takes most: those who govern, in their sessions; or a token of the widest scope."""
    if by == "session":
        return ("vendor",) if path.startswith("/api/v1/vendor/") else ("global administrator",)
    scope = "members:manage" if "/members" in path else "organisation:read"
    return ("vendor’s token organisations:manage",) if path.startswith("/api/v1/vendor/") else (f"token {scope}",)


@pytest.mark.row("R69")
@pytest.mark.parametrize(("method", "path", "by"), _TRIED, ids=[" ".join(each) for each in _TRIED])
def test_the_api_keeps_to_its_document(house: Furnished, schema: Any, method: str, path: str, by: str) -> None:
    """No 5xx, no status and no body that the document does not name, for requests that fit it and that do not."""
    caller = _caller(house, _names(path, by))
    slug = OWN if caller.organisation == VENDOR and "/vendor/" in path else caller.organisation
    operation = schema[path][method]

    def tried(case: Any) -> None:
        if "slug" in case.path_parameters:
            case.path_parameters["slug"] = slug
        for name, value in case.path_parameters.items():
            if name != "slug" and isinstance(value, str) and len(value) % 2:
                before = path.partition(f"/{{{name}}}")[0].rpartition("/")[2]
                case.path_parameters[name] = house.ids[OWN].get(name) or house.ids[OWN].get(before, value)
        # It makes credentials up, too.
        case.headers.pop("Authorization", None)
        case.cookies.clear()
        answer = case.call(headers=caller.headers)
        case.validate_response(answer, checks=_CHECKS)

    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        bounded = settings(
            max_examples=_EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        bounded(given(case=operation.as_strategy(generation_mode=mode))(tried))()
