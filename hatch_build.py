"""Compiles the translations whenever the project is built or installed; only the catalogues are source."""

from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CATALOGUES = "src/totrinn/web/locale/*/LC_MESSAGES/totrinn.po"


class CompileTranslations(BuildHookInterface):  # type: ignore[type-arg]  # the parameter differs between versions
    """Writes a .mo file beside every catalogue and puts it into the wheel."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        root = Path(self.root)
        for source in sorted(root.glob(CATALOGUES)):
            compiled = compile_catalogue(source)
            build_data["artifacts"].append(f"/{compiled.relative_to(root).as_posix()}")


def compile_catalogue(source: Path) -> Path:
    """Write the compiled form beside `source` and return where it stands; fuzzy messages are left out."""
    compiled = source.with_suffix(".mo")
    with source.open("rb") as file:
        catalogue = read_po(file, domain=source.stem)
    with compiled.open("wb") as file:
        write_mo(file, catalogue)
    return compiled
