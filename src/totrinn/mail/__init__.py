"""The mails that tell a person what happened to their account: plain words, in their own language.

A mail says what happened, when, from which browser, and what to do if it was somebody else. It holds no secret and no
link, so that nobody learns to follow links in mails that look like these (R30, R31).
"""

from totrinn.mail.rendering import LANGUAGES, RenderedMail, render

__all__ = ["LANGUAGES", "RenderedMail", "render"]
