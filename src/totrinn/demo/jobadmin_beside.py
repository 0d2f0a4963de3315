"""Jobadmin, the application of the demonstration: the example of `examples/jobadmin-oidc`, served beside Totrinn.

It knows Totrinn as any application does: by its address, a client id and a secret.
"""

import importlib.util
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from totrinn.app.applications.records import Agreement
from totrinn.app.applications.registering import Registered, Registrar, register
from totrinn.app.landing import Visitor
from totrinn.app.ports import Services
from totrinn.core.events import Source
from totrinn.serving.running import serving_meanwhile

NAME = "Jobadmin"
HOME = "/login"
_FILE = "jobadmin.py"
_PLACES = (Path(__file__).parent / _FILE, Path(__file__).parents[3] / "examples" / "jobadmin-oidc" / _FILE)
"""Installed, it stands here; among the sources, with the other examples."""


@contextmanager
def jobadmin(
    services: Services, visitor: Visitor, source: Source, *, issuer: str, listener: socket.socket
) -> Iterator[str]:
    """Its address, while it is served and registered."""
    address = "http://{}:{}".format(*listener.getsockname())
    agreement = Agreement(
        name=NAME,
        redirect_uris=(f"{address}/callback",),
        logout_uris=(f"{address}/",),
        back_channel=f"{address}/backchannel-logout",
        home=f"{address}{HOME}",
    )
    made = register(services, Registrar(visitor, source), agreement)
    if not isinstance(made, Registered):
        raise TypeError(made)
    program = _program()
    told = program.Settings(address, issuer, made.application.id, made.secret)
    with serving_meanwhile(program.create(told), listener):
        yield address


def _program() -> ModuleType:
    file = next(place for place in _PLACES if place.is_file())
    described = importlib.util.spec_from_file_location("totrinn_demo_jobadmin", file)
    if described is None or described.loader is None:
        raise ImportError(file)
    program = importlib.util.module_from_spec(described)
    sys.modules[described.name] = program  # where its dataclasses look for it
    described.loader.exec_module(program)
    return program
