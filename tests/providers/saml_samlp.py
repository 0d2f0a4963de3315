"""samlp, an identity provider on Node.js: started by a test on loopback, stopped by its own pid."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tests.providers import node


@contextmanager
def running_samlp(told: Mapping[str, Any]) -> Iterator[str]:
    """The base address of a provider that was told this; see `samlp/provider.js`."""
    with node.running("samlp", "provider.js", told) as said:
        yield f"http://127.0.0.1:{said['port']}"
