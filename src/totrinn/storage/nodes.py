"""The processes that serve: each writes its own row, and all read them."""

from datetime import datetime

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT is SQLite's, too

from totrinn.app.key_repositories import Node, Nodes
from totrinn.storage.repository import Repository, is_which
from totrinn.storage.tables import node

_N = node.c
_COLUMNS = (_N.id, _N.name, _N.version, _N.key_ids, _N.active_key, _N.started_at, _N.seen_at)
"""In the order of the fields of `Node`."""
_new = insert(node)
_REPORT = _new.on_conflict_do_update(
    index_elements=["id"], set_={name: _new.excluded[name] for name in ("key_ids", "active_key", "seen_at")}
)
_ALL = select(*_COLUMNS).order_by(_N.started_at, _N.id)
_LEAVE = delete(node).where(is_which(_N.id) | _N.id.startswith(bindparam("beginning")))


class SqlNodes(Repository, Nodes):
    """Implements `ports.Nodes`."""

    __slots__ = ()

    def report(self, node: Node) -> None:
        """Writes what a process says of itself."""
        values = {column.name: getattr(node, column.name) for column in _COLUMNS}
        self._connection.execute(_REPORT, values)

    def all(self) -> tuple[Node, ...]:
        """Those that have not gone in good order, the oldest first; `seen_at` tells whether they still live."""
        return tuple(Node(*row) for row in self._connection.execute(_ALL))

    def leave(self, node_id: str) -> None:
        """Takes a process off that ends, and those that it began."""
        self._change(_LEAVE, {"which": node_id, "beginning": f"{node_id}/"})

    def forget(self, before: datetime) -> int:
        """Takes off those that have not been seen since; how many there were."""
        return self._change(delete(node).where(_N.seen_at < before), {})
