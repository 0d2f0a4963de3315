"""The installations of the commands' tests."""

from tests.cli.conftest import fjordly, fresh, house

__all__ = ["fjordly", "fresh", "house"]
