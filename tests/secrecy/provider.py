"""The identity provider of the demonstration, on an address of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from totrinn.app.landing import Visitor
from totrinn.bootstrap import application, create_installation
from totrinn.config import read_settings
from totrinn.core.events import Source
from totrinn.demo.provider import Client, DemoProvider
from totrinn.demo.provider_pages import ProviderPages
from totrinn.serving.running import listening, serving_meanwhile


@contextmanager
def running_provider(folder: Path, port: int, client: Client) -> Iterator[None]:
    """Answers at this port until the block ends."""
    settings = read_settings({}, data=folder, port=port)
    visitor = Visitor(datetime.now(UTC), "", "")
    with create_installation(settings, visitor, Source("operator:test")) as installation:
        pages = ProviderPages(DemoProvider(settings.base_url, client)).pages()
        with (
            listening("127.0.0.1", port) as listener,
            serving_meanwhile(application(installation, extra=pages), listener),
        ):
            yield
