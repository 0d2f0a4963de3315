"""`/settings/face`: name, accent colour and logo of the pages; `/face/…`: what pages load of it.

The picture is one of three kinds that can carry no script, by its content; it is served as that kind and no other.
"""

from starlette.responses import Response

from totrinn.app.changing_faces import LARGEST_LOGO, FaceObstacle, Wanted, change_face
from totrinn.app.errors import NotFound
from totrinn.app.faces import LONGEST_NAME, Face
from totrinn.core.colours import hex_of, palette_of, read_colour
from totrinn.core.roles import Right
from totrinn.web.ask import Ask
from totrinn.web.demands import ANYONE, with_right
from totrinn.web.faces import STYLE, style_of
from totrinn.web.notices import notice
from totrinn.web.routing import Page

_LARGEST_FORM = LARGEST_LOGO + 32 * 1024
_KEPT = {"Cache-Control": "public, max-age=86400, immutable"}
_PICTURE_ALONE = {"Content-Security-Policy": "default-src 'none'; sandbox", **_KEPT}
_USUAL = "#0b5670"


def show(ask: Ask) -> Response:
    """What is chosen."""
    return _page(ask, 200)


def save(ask: Ask) -> Response:
    """Stores name, colour and logo."""
    say = ask.language.say
    accent = ""
    if ask.form.get("has_accent") == "on":
        colour = read_colour(ask.form.get("accent", ""))
        if colour is None:
            return _page(ask, 422, accent=say("Write the colour as # and six digits, 0 to 9 and a to f."))
        accent = hex_of(colour)
    wanted = Wanted(
        name=ask.form.get("name", ""),
        accent=accent,
        picture=ask.files.get("logo") or None,
        keeps_logo=ask.form.get("drop_logo") != "on",
        lets_others=ask.form.get("lets_others") == "on",
    )
    typed = ask.form.get("revision", "")
    revision = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else -1
    outcome = change_face(ask.services, ask.visitor, ask.me, wanted, expected_revision=revision)
    if isinstance(outcome, Face):
        return ask.go("/settings/face?said=saved")
    kilobytes = LARGEST_LOGO // 1024
    words = {
        FaceObstacle.SOMEONE_ELSE: ("form", say("Someone else has changed this in the meantime. Look it over again.")),
        FaceObstacle.NOT_LET: ("form", say("The vendor decides how the pages look.")),
        FaceObstacle.NO_NAME: ("name", say("Use at most 40 letters, digits and other plain characters, and no colon.")),
        FaceObstacle.NO_PICTURE: ("logo", say("This is no picture of a kind that can be used: PNG, JPEG or WebP.")),
        FaceObstacle.TOO_LARGE: ("logo", say("The picture is too large: at most %(size)s kB.", size=kilobytes)),
    }
    field, text = words[outcome]
    conflict = outcome in (FaceObstacle.SOMEONE_ELSE, FaceObstacle.NOT_LET)
    return _page(ask, 409 if conflict else 422, **{field: text})


def serve(ask: Ask) -> Response:
    """A stylesheet, which its colour names, or a picture, which its digest names."""
    name = ask.params["id"]
    style = STYLE.fullmatch(name)
    if style is not None:
        return Response(style_of(style["colour"]), 200, _KEPT, media_type="text/css")
    with ask.services.store.reading() as unit:
        found = unit.faces.picture(name)
    if found is None:
        raise NotFound
    kind, picture = found
    return Response(picture, 200, _PICTURE_ALONE, media_type=kind.value)


def _page(ask: Ask, status: int, **errors: str) -> Response:
    organisation = ask.me.organisation
    with ask.services.store.reading() as unit:
        face = unit.faces.find(organisation.id)
        vendors = unit.faces.of_vendor()
    is_sent = bool(errors) and status == 422
    return ask.page(
        "settings_face.html",
        status,
        nav="face",
        notice=notice(ask),
        face=face,
        form={
            "name": ask.form.get("name", "")[:LONGEST_NAME] if is_sent else face.name,
            "has_accent": ask.form.get("has_accent") == "on" if is_sent else bool(face.accent),
            "accent": ask.form.get("accent", "")[:7] if is_sent else face.accent or _USUAL,
            "lets_others": ask.form.get("lets_others") == "on" if is_sent else face.lets_others,
        },
        otherwise=("" if organisation.is_vendor else vendors.name) or ask.settings.application_name,
        adjusted=_adjusted(face.accent),
        is_vendor=organisation.is_vendor,
        is_let=organisation.is_vendor or vendors.lets_others,
        errors=errors,
    )


def _adjusted(accent: str) -> dict[str, str]:
    """The tones that are shown in the place of a colour that could not be read."""
    colour = read_colour(accent)
    if colour is None:
        return {}
    palette = palette_of(colour)
    shown = {"light": palette.light.base, "dark": palette.dark.base}
    return {name: hex_of(tone) for name, tone in shown.items() if tone != colour}


_CHANGE = with_right(Right.CHANGE_FACE, of_organisation=True)

PAGES = (
    Page("/settings/face", _CHANGE, get=show, post=save, takes_files=True, largest_body=_LARGEST_FORM),
    Page("/face/{id}", ANYONE, get=serve),
)
