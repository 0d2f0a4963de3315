"""A phone with an authenticator app: reads the QR code off a picture of the screen, and counts with `oathtool`."""

import io
import subprocess
import time
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

import zxingcpp
from PIL import Image

STEP = 30
_ABOUT_TO_END = 4
"""A code that is shown for less than this many seconds more is not typed: it may have ended when it arrives."""


@dataclass
class AuthenticatorApp:
    """One account in the app."""

    issuer: str
    label: str
    secret: str
    last_step: int = 0

    @classmethod
    def scanned(cls, picture: bytes) -> "AuthenticatorApp":
        """The account whose QR code is on the picture."""
        (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)).convert("L"))
        address = urlsplit(found.text)
        assert (address.scheme, address.netloc) == ("otpauth", "totp")
        query = parse_qs(address.query)
        issuer, _, label = unquote(address.path.lstrip("/")).partition(":")
        assert query["issuer"] == [issuer]
        return cls(issuer, label, query["secret"][0])

    def code(self) -> str:
        """The earliest code that the program takes now and that has not been typed before; waits for one if need be."""
        while True:
            now = time.time()
            for step in range(int(now + _ABOUT_TO_END) // STEP - 1, int(now) // STEP + 2):
                if step > self.last_step:
                    self.last_step = step
                    return self.code_at(step * STEP)
            time.sleep(0.2)

    def code_when_off(self, minutes: float) -> str:
        """What the app shows on a phone whose clock is this much fast, or slow if it is less than nothing."""
        return self.code_at(time.time() + 60 * minutes)

    def code_at(self, moment: float) -> str:
        """What the app shows at the moment."""
        return self._oathtool(moment)

    def code_last_typed(self) -> str:
        """The code that was typed last."""
        return self.code_at(self.last_step * STEP)

    def wrong_code(self) -> str:
        """Six digits that the app shows at no time near this one."""
        near = self._oathtool(time.time() - 45 * STEP, "--window", "90").split()
        return next(code for code in (f"{number:06d}" for number in range(1000)) if code not in near)

    def _oathtool(self, moment: float, *more: str) -> str:
        command = ["oathtool", "--totp", "--base32", self.secret, "--now", f"@{int(moment)}", *more]
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
