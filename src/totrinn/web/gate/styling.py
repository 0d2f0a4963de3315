"""The style of the one page that stands on protected hosts, where our stylesheets are not served.

It is part of the page, and allowed by its digest: nothing that anybody else puts there is.
"""

import base64
import hashlib

STYLE = (
    "body{margin:0;padding:1.25rem;font:1.125rem/1.5 Inter,system-ui,sans-serif;background:#f7f5f0;color:#2c2b27}"
    "main{max-width:32rem;margin:10vh auto;padding:clamp(1.5rem,5vw,2.5rem);background:#fff;border-radius:1.25rem}"
    "h1{margin:0 0 1rem;font-size:1.75rem;line-height:1.2;letter-spacing:-.02em;text-wrap:balance}"
    "p{margin:0 0 1.5rem}p:last-child{margin:0}"
    "a{display:inline-block;padding:.75rem 1.375rem;border-radius:.625rem;background:#0b5670;color:#fff;"
    "font-weight:500;text-decoration:none}"
    "a:focus-visible{outline:3px solid #2c2b27;outline-offset:3px}"
    "@media (prefers-color-scheme:dark){body{background:#10181d;color:#ebeced}main{background:#18232a}"
    "a{background:#8fbccb;color:#000}a:focus-visible{outline-color:#ebeced}}"
)
STYLE_SOURCE = f"'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"
"""The style, as a policy names it (CSP level 3, 2.3.1)."""
