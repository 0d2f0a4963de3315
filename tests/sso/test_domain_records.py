"""The records of a domain are read from the DNS, or it is said that they could not be."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from totrinn.app.identity_providers import Unavailable
from totrinn.sso.domain_records import DnsRecords

pytestmark = pytest.mark.row("R78")

Answer = Callable[[dns.message.Message], dns.message.Message | None]


def records(*texts: str) -> Answer:
    """Answers with these TXT records, as they stand in a zone file."""

    def answer(query: dns.message.Message) -> dns.message.Message:
        reply = dns.message.make_response(query)
        reply.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "TXT", *texts))
        return reply

    return answer


def failing(code: dns.rcode.Rcode) -> Answer:
    """Answers with a code and nothing else."""

    def answer(query: dns.message.Message) -> dns.message.Message:
        reply = dns.message.make_response(query)
        reply.set_rcode(code)
        return reply

    return answer


def truncated(query: dns.message.Message) -> dns.message.Message:
    """Sends its reader to TCP, where nobody is."""
    reply = dns.message.make_response(query)
    reply.flags |= dns.flags.TC
    return reply


@contextmanager
def asked_at(answer: Answer) -> Iterator[tuple[DnsRecords, list[str]]]:
    """Records from a server on loopback that answers so, and the names that it was asked for."""
    asked: list[str] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def serve() -> None:
            with suppress(OSError):
                while True:
                    wire, address = server.recvfrom(4096)
                    if not wire:
                        return
                    query = dns.message.from_wire(wire)
                    asked.append(query.question[0].name.to_text())
                    reply = answer(query)
                    if reply is not None:
                        server.sendto(reply.to_wire(), address)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield DnsRecords(["127.0.0.1"], server.getsockname()[1], lifetime=0.5), asked
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"", server.getsockname())
            thread.join(10)


def texts(answer: Answer, domain: str = "example.no") -> tuple[str, ...] | Unavailable:
    """What is read."""
    with asked_at(answer) as (ours, _):
        return ours.texts(domain)


def test_all_records_are_read_each_as_one_text() -> None:
    """The parts into which a long one is cut are joined."""
    assert set(texts(records('"totrinn=abc"', '"v=spf1 " "-all"'))) == {"totrinn=abc", "v=spf1 -all"}  # type: ignore[arg-type]  # a failure fails the test, too


@pytest.mark.parametrize("code", [dns.rcode.NXDOMAIN, dns.rcode.NOERROR])
def test_a_domain_without_records_has_none(code: dns.rcode.Rcode) -> None:
    """Nor has one that does not exist."""
    assert texts(failing(code)) == ()


@pytest.mark.parametrize(
    "domain", ["", ".", "a..no", "a" * 64 + ".no", "a." * 130 + "no", "\\", "\\400.no", "a b.no", "æ.no"]
)
def test_what_is_no_domain_has_no_records(domain: str) -> None:
    """And nobody is asked."""
    with asked_at(records('"x"')) as (ours, asked):
        assert ours.texts(domain) == ()
    assert asked == []


@pytest.mark.row("R89")
@pytest.mark.parametrize(
    ("code", "answer"),
    [
        ("dns_timed_out", lambda query: None),
        ("dns_failed", truncated),
        ("dns_failed", failing(dns.rcode.SERVFAIL)),
        ("dns_failed", failing(dns.rcode.REFUSED)),
    ],
)
def test_a_resolver_that_does_not_answer_says_nothing_of_the_domain(code: str, answer: Answer) -> None:
    """It is unavailable, soon."""
    result = texts(answer)
    assert isinstance(result, Unavailable)
    assert result.code == code


def test_only_the_very_domain_is_asked_for() -> None:
    """No search list of the system makes another domain of it."""
    with asked_at(failing(dns.rcode.NXDOMAIN)) as (ours, asked):
        ours.texts("Example.no")
        ours.texts("example.no.")
    assert [name.lower() for name in asked] == ["example.no."] * 2


@pytest.mark.row("R89")
def test_what_is_no_text_or_too_long_is_left_out() -> None:
    """The rest is read."""
    parts = " ".join(f'"{"x" * 250}"' for _ in range(9))
    assert texts(records('"good"', '"\\195\\184"')) == ("good",)
    assert texts(records(parts)) == ()


def test_the_systems_resolvers_are_asked_where_none_are_given() -> None:
    """Nothing is read from the system before it is needed."""
    assert DnsRecords().texts("a..no") == ()
