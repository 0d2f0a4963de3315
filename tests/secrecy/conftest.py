"""The installations of the commands' tests."""

from tests.cli.conftest import fresh, house

__all__ = ["fresh", "house"]
