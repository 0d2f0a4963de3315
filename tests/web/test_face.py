"""The accent colour and the logo: who chooses them, where they are seen, and what is no picture."""

import re
from typing import Any

import pytest

from tests.web.house import PASSWORD, Answer, Browser, House, Resident
from totrinn.app.changing_faces import LARGEST_LOGO
from totrinn.core.roles import Role

PATH = "/settings/face"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
JPEG = b"\xff\xd8\xff\xe0" + bytes(100)
WEBP = b"RIFF\x00\x00\x00\x00WEBPVP8 " + bytes(100)
_FIELD = b'\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.fixture
def tor(house: House) -> Browser:
    """The browser of one of the vendor's staff."""
    house.organisation("vendor", name="Jobadmin support", is_vendor=True)
    return house.sign_in(house.person("tor@vendor.no", "vendor", Role.VENDOR, name="Tor Vik", factor=True))


@pytest.fixture
def kari(house: House) -> Resident:
    """The global administrator of a customer."""
    house.organisation("fjordly", name="Fjordly AS")
    return house.person("kari@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR, factor=True)


def send(browser: Browser, picture: bytes | None = None, **fields: str) -> Answer:
    """Sends the form as browsers do, with a file, or with the empty one."""
    page = browser.get(PATH)
    hidden = {name: page.hidden(name) or "" for name in ("csrf", "organisation", "revision")}
    parts: dict[str, Any] = {"files": {"logo": ("logo.png" if picture else "", picture or b"")}}
    response = browser.client.post(PATH, data={**hidden, **fields}, **parts)
    return browser._shown(response)


def look(answer: Answer) -> tuple[str, str]:
    """The stylesheet and the picture that a page loads."""
    style = re.search(r'<link rel="stylesheet" href="/face/([0-9a-f]+)\.css">', answer.text)
    logo = re.search(r'<img class="logo" src="(/face/[0-9a-f]+)" alt="">', answer.text)
    return style[1] if style else "", logo[1] if logo else ""


@pytest.mark.row("R92")
def test_the_vendor_chooses_for_everybody(house: House, tor: Browser, kari: Resident) -> None:
    """Before anybody has signed in, and after; what was changed stands in the log."""
    assert look(house.browser().get("/login")) == ("", "")
    answer = send(tor, PNG, has_accent="on", accent="#7A1F5C")
    assert (answer.status, answer.location) == (303, f"{PATH}?said=saved"), answer.words
    style, logo = look(house.browser().get("/login"))
    assert style == "7a1f5c"
    assert look(house.sign_in(kari).get("/")) == (style, logo)
    assert house.kinds("vendor")[0] == "organisation:face:changed"
    assert "Tor Vik changed how the pages look" in tor.get("/log").words
    assert "adjusted" in tor.get(PATH).words
    assert send(tor, drop_logo="on").status == 303
    assert look(house.browser().get("/login")) == ("", "")
    assert house.browser().get(logo).status == 404


def test_what_pages_load_is_that_and_nothing_else(house: House, tor: Browser) -> None:
    """The kind that the content itself is, whatever it was called; nothing is run, and nothing guessed."""
    for picture, kind in ((PNG, "image/png"), (JPEG, "image/jpeg"), (WEBP, "image/webp")):
        assert send(tor, picture, has_accent="on", accent="#ffe000").status == 303
        _, logo = look(tor.get("/vendor"))
        served = house.browser().client.get(logo)
        assert (served.status_code, served.content, served.headers["content-type"]) == (200, picture, kind)
        assert served.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'; sandbox" in served.headers["content-security-policy"]
    style = house.browser().get("/face/ffe000.css")
    assert (style.status, style.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert "--ds-color-accent-base-default:#" in style.text
    for name in ("ffe000", "ffe00.css", "ffe000;.css", "FFE000.css", "x"):
        assert house.browser().get(f"/face/{name}").status == 404


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        (SVG, "no picture of a kind"),
        (b"GIF89a" + bytes(50), "no picture of a kind"),
        (b"<!doctype html>", "no picture of a kind"),
        (PNG[:7], "no picture of a kind"),
        (PNG + bytes(LARGEST_LOGO), "too large"),
    ],
)
def test_what_is_no_picture_is_refused(house: House, tor: Browser, picture: bytes, said: str) -> None:
    """At its field; what was chosen before stays."""
    answer = send(tor, picture, has_accent="on", accent="#7a1f5c")
    assert answer.status == 422
    assert said in answer.words
    assert 'id="logo-error"' in answer.text
    assert look(house.browser().get("/login")) == ("", "")


@pytest.mark.parametrize("typed", ["", "red", "#fff", "#12345g", "#000000;}body{display:none}"])
def test_a_colour_that_is_none_is_refused(house: House, tor: Browser, typed: str) -> None:
    """Nothing but a colour gets into a stylesheet."""
    assert send(tor, has_accent="on", accent=typed).status == 422
    assert look(house.browser().get("/login")) == ("", "")


@pytest.mark.row("R46")
def test_an_organisation_has_its_own_only_where_the_vendor_lets_it(house: House, tor: Browser, kari: Resident) -> None:
    """And it is seen as soon as it is known whose sign-in it is, never by what stands in the address."""
    send(tor, has_accent="on", accent="#7a1f5c")
    hers = house.sign_in(kari)
    assert "The vendor decides how the pages look" in hers.get(PATH).words
    hers.get("/settings/basic")
    hidden = {name: hers.last.hidden(name) or "" for name in ("csrf", "organisation")}
    sent: dict[str, Any] = {"files": {"logo": ("x", PNG)}, "data": {**hidden, "revision": "0", "lets_others": "on"}}
    assert hers.client.post(PATH, **sent).status_code == 409
    assert send(tor, has_accent="on", accent="#7a1f5c", lets_others="on").status == 303
    assert send(hers, PNG, has_accent="on", accent="#1f5c2a", lets_others="on").status == 303
    assert look(hers.get("/"))[0] == "1f5c2a"
    fresh = house.browser()
    for address in ("/login", "/login?organisation=fjordly", "/login?next=/settings/face", "/sso/fjordly/login"):
        assert look(fresh.get(address)) == ("7a1f5c", "")
    fresh.get("/login")
    assert fresh.post("/login", email=kari.email, password=PASSWORD).location == "/login/two-factor"
    style, logo = look(fresh.get("/login/two-factor"))
    assert (style, bool(logo)) == ("1f5c2a", True)
    house.organisation("nordly", name="Nordly AS")
    other = house.sign_in(house.person("siri@nordly.no", "nordly", Role.GLOBAL_ADMINISTRATOR))
    assert look(other.get("/")) == ("7a1f5c", "")
    send(tor, has_accent="on", accent="#7a1f5c")
    assert look(hers.get("/")) == ("7a1f5c", "")


def test_of_two_who_change_one_is_told(tor: Browser) -> None:
    """The answer is 409, and nothing of the second is saved."""
    assert send(tor, has_accent="on", accent="#7a1f5c").status == 303
    assert send(tor, revision="0", has_accent="on", accent="#1f5c2a").status == 409
    assert send(tor, revision="x", has_accent="on", accent="#1f5c2a").status == 409
    assert look(tor.get("/vendor"))[0] == "7a1f5c"


@pytest.mark.row("R47")
@pytest.mark.parametrize("role", [Role.USER, Role.ADMINISTRATOR])
def test_others_choose_nothing(house: House, tor: Browser, kari: Resident, role: Role) -> None:
    """Neither users nor administrators."""
    send(tor, lets_others="on")
    house.set_role("fjordly", kari, role)
    assert house.sign_in(kari).get(PATH).status == 403


@pytest.mark.row("R63", "R70")
@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/x-www-form-urlencoded", b"accent=x", 415),
        ("application/json", b"{}", 415),
        ("multipart/form-data", b"x", 400),
        ("multipart/form-data; boundary=b", b"", 400),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\nx\r\n--b--", 400),
        ("multipart/form-data; boundary=b", b"--b" + _FIELD + b"1\r\n--b" + _FIELD + b"2\r\n--b--", 400),
        ("multipart/form-data; boundary=b", b"--b" + _FIELD[:-2] + b"Content-Transfer-Encoding: base64\r\n\r\n", 400),
        ("multipart/form-data; boundary=b", b"--b" + _FIELD + b"\xff\r\n--b--", 400),
        ("multipart/form-data; boundary=b", b"--b" + _FIELD + b"\0\r\n--b--", 400),
        ("multipart/form-data; boundary=b", b"--b" + _FIELD + b"never ended", 400),
        ("multipart/form-data; boundary=b", b"x" * 200_000, 413),
    ],
)
def test_forms_that_cannot_be_read_are_refused(tor: Browser, content_type: str, body: bytes, status: int) -> None:
    """By the status that says why; none of them is a failure of ours."""
    answer = tor.client.post(PATH, content=body, headers={"content-type": content_type})
    assert answer.status_code == status


def test_a_form_without_its_token_changes_nothing(house: House, tor: Browser) -> None:
    """However the file may look."""
    sent: dict[str, Any] = {"files": {"logo": ("x", PNG)}, "data": {"revision": "0", "organisation": "vendor"}}
    assert tor.client.post(PATH, **sent).status_code in (400, 403)
    assert look(house.browser().get("/login")) == ("", "")
