"""pysaml2 as an identity provider: a program of its own, as importing it warns, which is an error in our tests.

Reads one JSON object from standard input, and writes the answers, by name and in Base64, and its metadata. It needs the
program `xmlsec1`.
"""

import base64
import json
import sys
import tempfile
from pathlib import Path
from typing import Any


def _configured(told: dict[str, Any], folder: Path) -> Any:
    from saml2 import BINDING_HTTP_REDIRECT  # type: ignore[import-untyped]  # has no types
    from saml2.config import IdPConfig  # type: ignore[import-untyped]  # has no types
    from saml2.server import Server  # type: ignore[import-untyped]  # has no types

    for name in ("key", "cert", "sp"):
        (folder / name).write_text(told[name], encoding="utf-8")
    configuration = {
        "entityid": told["issuer"],
        "key_file": str(folder / "key"),
        "cert_file": str(folder / "cert"),
        "xmlsec_binary": told["xmlsec1"],
        "metadata": {"local": [str(folder / "sp")]},
        "service": {
            "idp": {"endpoints": {"single_sign_on_service": [(f"{told['issuer']}/sso", BINDING_HTTP_REDIRECT)]}},
        },
    }
    return Server(config=IdPConfig().load(configuration))


def _answer(server: Any, told: dict[str, Any], way: dict[str, Any]) -> str:
    from saml2.saml import NAMEID_FORMAT_PERSISTENT, NameID  # type: ignore[import-untyped]  # has no types

    return str(
        server.create_authn_response(
            told["attributes"],
            told["request"],
            told["consumer"],
            sp_entity_id=told["audience"],
            name_id=NameID(format=NAMEID_FORMAT_PERSISTENT, text=told["subject"]),
            authn={"class_ref": told["context"], "authn_instant": told["now"]},
            **way,
        )
    )


def main() -> None:
    """Answers in every way that it was told."""
    told = json.load(sys.stdin)
    with tempfile.TemporaryDirectory() as folder:
        server = _configured(told, Path(folder))
        from saml2.metadata import entity_descriptor  # type: ignore[import-untyped]  # has no types

        answers = {name: _answer(server, told, way) for name, way in told["ways"].items()}
        said = {name: base64.b64encode(text.encode()).decode() for name, text in answers.items()}
        json.dump({"answers": said, "metadata": str(entity_descriptor(server.config))}, sys.stdout)


if __name__ == "__main__":
    main()
