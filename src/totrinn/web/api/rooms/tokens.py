"""API tokens: for persons only, since no token makes or ends another (rule 13)."""

from datetime import timedelta

from totrinn.app.api_tokens import TokenObstacle, WantedToken, end_token, make_token, tokens_of
from totrinn.app.own_factors import StaleProof
from totrinn.core.roles import Right
from totrinn.web.api.endpoints import Call, Done, Endpoint, Problem
from totrinn.web.api.problems import Code
from totrinn.web.api.rooms.answers import plain, stale_problem, wrong
from totrinn.web.api.shapes import TokenList, TokenMade, TokenShape, TokenWanted


def list_them(call: Call) -> Done:
    """The organisation's tokens."""
    with call.services.store.reading() as unit:
        found = tokens_of(unit, call.organisation.id, call.visitor)
    return Done(
        TokenList(
            [
                TokenShape(
                    id=token.id,
                    name=token.name,
                    scopes=sorted(token.scopes),
                    made_by=token.made_by,
                    created_at=token.created_at,
                    ends_at=token.ends_at,
                    used_at=token.used_at,
                    holds=holds,
                )
                for token, holds in found
            ]
        )
    )


def make(call: Call) -> Done | Problem:
    """Makes a token; its text is told this once."""
    wanted = call.body
    name = plain(wanted.name)
    if not name or not name.isprintable():
        return wrong("/name", call.ask.language.say("Type a name of at most 100 characters."))
    token = WantedToken(name, frozenset(wanted.scopes), timedelta(days=wanted.days))
    outcome = make_token(call.services, call.visitor, call.person, token)
    if isinstance(outcome, StaleProof):
        return stale_problem(outcome)
    if outcome is TokenObstacle.NAME_TAKEN:
        return Problem(Code.NAME_TAKEN)
    if isinstance(outcome, TokenObstacle):
        return wrong("/scopes", call.ask.language.say("Choose among the scopes of your organisation."))
    return Done(TokenMade(outcome.token.id, outcome.text, outcome.token.ends_at))


def end(call: Call) -> Done:
    """Ends a token: its next call is refused."""
    end_token(call.services, call.visitor, call.person, call.named("id"))
    return Done()


_ALL = "/organisations/{slug}/tokens"

ENDPOINTS = (
    Endpoint("GET", _ALL, Right.KEEP_TOKENS, "The tokens.", list_them, answer=TokenList),
    Endpoint(
        "POST",
        _ALL,
        Right.KEEP_TOKENS,
        "Makes a token, whose text is told this once.",
        make,
        body=TokenWanted,
        answer=TokenMade,
        status=201,
        problems=(Code.NAME_TAKEN, Code.FRESH_PROOF),
        answers_once=True,
    ),
    Endpoint("DELETE", f"{_ALL}/{{id}}", Right.KEEP_TOKENS, "Ends a token at once.", end),
)
