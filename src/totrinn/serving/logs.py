"""What the server says on stderr: one JSON object a line, each with the id of the request that it belongs to.

One-time links are addresses that open something: their tokens are taken out before a line is written (R68).
"""

import json
import logging
import re
import sys
from contextvars import ContextVar
from datetime import UTC, datetime

request_id: ContextVar[str] = ContextVar("request_id", default="")

_ONE_TIME = re.compile(r"(/(?:setup|password|invitation)/)[A-Za-z0-9_%.~-]+")
_USUAL = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName", "color_message"}
_QUIET = ("uvicorn", "uvicorn.error", "alembic")


class JsonLines(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; what was given as `extra` stands in it under its own names."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: value for name, value in record.__dict__.items() if name not in _USUAL}
        if request_id.get():
            line["request_id"] = request_id.get()
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return _ONE_TIME.sub(r"\1…", json.dumps(line, ensure_ascii=False, default=str))


def write_logs() -> None:
    """Sends every log to stderr as JSON: our own from INFO, others' from WARNING."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("totrinn").setLevel(logging.INFO)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
