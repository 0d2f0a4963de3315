"""What the gate asks the database, in SQLAlchemy's words; `gate_sqlite` and `gate_postgresql` hand it to the drivers.

The columns are those that sessions are always read by, so a pass is judged on the same facts as a page.
"""

from sqlalchemy import and_, select

from totrinn.storage.application_tables import application, application_host
from totrinn.storage.gate_tables import gate_pass
from totrinn.storage.repository import is_which
from totrinn.storage.sessions import LIVE
from totrinn.storage.standing import with_standing
from totrinn.storage.tables import person, session

_A, _H, _G, _S = application.c, application_host.c, gate_pass.c, session.c

# First the session, then all that it is judged by: PostgreSQL would weigh every order of eight tables at each question.
_STANDS_FOR = (
    select(_G.session_id)
    .join(application_host, and_(_H.host == _G.host, _H.application_id == _G.application_id))
    .join(application, and_(_A.id == _G.application_id, _A.is_enabled))
    .where(is_which(_G.digest), is_which(_G.host, "which_host"))
    .cte("stands_for")
    .prefix_with("MATERIALIZED", dialect="postgresql")
)
FIND_BEHIND_PASS = select(*LIVE).select_from(
    with_standing(
        _STANDS_FOR.join(session, _S.id == _STANDS_FOR.c.session_id).join(person, person.c.id == _S.person_id),
        _S.organisation_id,
    )
)
FIND_BEHIND_SESSION = (
    select(*LIVE)
    .select_from(with_standing(session.join(person, person.c.id == _S.person_id), _S.organisation_id))
    .where(is_which(_S.digest))
)
FIND_PROTECTED = (
    select(_A.id).join(application_host, _H.application_id == _A.id).where(_A.is_enabled, is_which(_H.host))
)
