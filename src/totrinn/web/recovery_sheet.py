"""The page that shows recovery codes, once."""

from urllib.parse import quote

from starlette.responses import Response

from totrinn.app.naming import product_name
from totrinn.web.ask import Ask
from totrinn.web.onward import Onward


def recovery_page(
    ask: Ask, codes: tuple[str, ...], *, occasion: str, onward: Onward | None, signing_in: bool, **frame: object
) -> Response:
    """Shows the codes; they can be downloaded without another request, as they are not kept anywhere.

    Without a way onward it is back to the account.
    """
    with ask.services.store.reading() as unit:
        name = product_name(ask.services, unit)
    lines = [ask.language.say("Recovery codes for %(application)s", application=name)]
    text = "\n".join([*lines, "", *codes, ""])
    return ask.page(
        "recovery_codes.html",
        codes=codes,
        download=f"data:text/plain;charset=utf-8,{quote(text)}",
        occasion=occasion,
        onward=onward,
        signing_in=signing_in,
        **frame,
    )
