"""The shapes of webhooks, and of how the pages look."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from totrinn.app.changing_faces import LARGEST_LOGO
from totrinn.app.faces import LONGEST_NAME
from totrinn.app.webhooks.keeping import LONGEST_ADDRESS
from totrinn.core.topics import Topic
from totrinn.web.api.shapes import Answer, Sent


class DeliveryShape(Answer, frozen=True):
    """What became of the last attempt. `says` is it in the caller's language; `said` is how the receiver answered."""

    at: datetime
    status: int | None
    is_taken: bool
    says: str
    said: str


class WebhookShape(Answer, frozen=True):
    """A webhook; never its secret."""

    id: str
    address: str
    topics: list[Topic]
    is_on: bool
    why_off: Literal["by_hand", "failed", "keys_lost"] | None
    waiting: int
    """How many events are still to be delivered by it."""
    failing_since: datetime | None
    last: DeliveryShape | None
    created_at: datetime


class WebhookList(Answer, frozen=True):
    """The organisation's webhooks, the oldest first."""

    items: list[WebhookShape]


class WebhookWanted(Sent, frozen=True):
    """Where events of which topics are sent."""

    address: Annotated[str, Meta(min_length=1, max_length=LONGEST_ADDRESS)]
    topics: Annotated[list[Topic], Meta(min_length=1, max_length=len(Topic))]


class WebhookSecret(Answer, frozen=True):
    """The webhook, and its secret, which is told this once."""

    webhook: WebhookShape
    secret: str


class FaceShape(Answer, frozen=True):
    """How the organisation's pages look. `logo` is the path of the picture; `is_let`: the vendor lets it choose."""

    name: str
    accent: str
    logo: str | None
    lets_others: bool
    is_let: bool
    revision: int


class FaceWanted(Sent, frozen=True):
    """What it should become. Without `logo` the picture stays; with null it goes."""

    accent: Annotated[
        str, Meta(pattern=r"^(#[0-9a-fA-F]{6})?$(?!\n)", description="`#rrggbb`; empty: the usual colours.")
    ]
    logo: Annotated[bytes, Meta(max_length=LARGEST_LOGO, description="PNG, JPEG or WebP.")] | UnsetType | None = UNSET
    lets_others: bool = False
    """Of the vendor: whether organisations may have a face of their own."""
    name: Annotated[str, Meta(max_length=4 * LONGEST_NAME, description="Of the application; empty: the usual one.")] = (
        ""
    )
