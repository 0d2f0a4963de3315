"""The commands are those that were promised, with the options that were promised."""

import click
import pytest

from tests.cli.commands import command
from totrinn.cli import totrinn

HERE = ("--data", "--database")
AGREED = (
    *(
        "--redirect-uri",
        "--logout-uri",
        "--back-channel",
        "--events",
        "--home",
        "--authentication",
        "--keys",
        "--signing",
    ),
    *("--pushed", "--host"),
)
PROMISED = {
    "demo": ("--data", "--port", "--once"),
    "init": HERE,
    "setup-link": ("--organisation", *HERE),
    "migrate": ("--json", *HERE),
    "move": ("--from", "--to", "--undo", "--json"),
    "serve": ("--host", "--port", "--workers", *HERE),
    "backup-key": (),
    "backup": ("--recipient", "--without-keys", "--json", *HERE),
    "restore": ("--identity", "--migrate", "--renew-recovery-codes", "--accept-faulty-log", "--json", *HERE),
    "keys list": ("--json", *HERE),
    "keys add": HERE,
    "keys rotate": ("--wait", *HERE),
    "keys retire": HERE,
    "keys abandon": ("--why", "--yes", *HERE),
    "signing-keys list": ("--json", *HERE),
    "signing-keys rotate": ("--json", *HERE),
    "signing-keys remove": ("--json", *HERE),
    "apply": ("--plan", "--planned", "--json", *HERE),
    "organisation create": ("--slug", "--json", *HERE),
    "user password-link": ("--json", *HERE),
    "user create": ("--organisation", "--role", "--name", "--password-stdin", "--json", *HERE),
    "user reset-second-factor": ("--why", "--json", *HERE),
    "vendor create": ("--password-stdin", "--json", *HERE),
    "feature grant": ("--why", "--json", *HERE),
    "feature withdraw": ("--why", "--json", *HERE),
    "connection add": (
        "--kind",
        "--issuer",
        "--client-id",
        "--client-secret-stdin",
        "--metadata",
        "--domain",
        "--vouch",
        "--name",
        "--authentication",
        "--scope",
        "--trust-email",
        "--require-mfa-evidence",
        "--evidence",
        "--evidence-age",
        "--ask-for",
        "--no-members",
        "--role",
        "--map-group",
        "--groups-claim",
        "--email-attribute",
        "--name-attribute",
        "--groups-attribute",
        "--entity-id",
        "--allow-cbc",
        "--allow-idp-initiated",
        "--json",
        *HERE,
    ),
    "connection list": ("--json", *HERE),
    "connection show": ("--json", *HERE),
    "connection enable": ("--json", *HERE),
    "connection disable": ("--json", *HERE),
    "connection remove": ("--json", *HERE),
    "connection check": ("--json", *HERE),
    "domain add": ("--connection", "--vouch", "--json", *HERE),
    "domain list": ("--json", *HERE),
    "domain check": ("--json", *HERE),
    "domain remove": ("--json", *HERE),
    "application add": (*AGREED, "--json", *HERE),
    "application list": ("--json", *HERE),
    "application show": ("--json", *HERE),
    "application change": ("--name", *AGREED, "--json", *HERE),
    "application secret": ("--json", *HERE),
    "application enable": ("--json", *HERE),
    "application disable": ("--json", *HERE),
    "application remove": ("--json", *HERE),
    "token create": ("--organisation", "--scope", "--days", "--name", "--json", *HERE),
    "token list": ("--organisation", "--json", *HERE),
    "token revoke": ("--organisation", "--json", *HERE),
    "webhook add": ("--organisation", "--topic", "--json", *HERE),
    "webhook list": ("--organisation", "--json", *HERE),
    "webhook change": ("--organisation", "--address", "--topic", "--on", "--json", *HERE),
    "webhook new-secret": ("--organisation", "--json", *HERE),
    "webhook test": ("--organisation", "--json", *HERE),
    "webhook remove": ("--organisation", "--json", *HERE),
    "explain": ("--organisation", "--json", *HERE),
    "audit verify": ("--json", *HERE),
    "audit export": ("--json", *HERE),
    "doctor": ("--json", *HERE),
    "routes": ("--json", *HERE),
}


def found(words: str) -> click.Command:
    """The command with this name."""
    at: click.Command = totrinn
    for word in words.split():
        assert isinstance(at, click.Group)
        following = at.get_command(click.Context(at), word)
        assert following is not None, words
        at = following
    return at


def all_commands(group: click.Group, before: str = "") -> set[str]:
    """The names of all commands that do something."""
    names: set[str] = set()
    for name in group.list_commands(click.Context(group)):
        each = group.get_command(click.Context(group), name)
        names |= all_commands(each, f"{before}{name} ") if isinstance(each, click.Group) else {f"{before}{name}"}
    return names


@pytest.mark.parametrize("words", PROMISED)
def test_each_command_has_the_options_that_were_promised(words: str) -> None:
    """Scripts may rely on every command and option of the list."""
    options = {name for parameter in found(words).params for name in parameter.opts}
    assert set(PROMISED[words]) - options == set()


def test_no_command_stands_outside_the_list() -> None:
    """A new command is promised, and then tested, like the others."""
    assert all_commands(totrinn) == set(PROMISED)


@pytest.mark.parametrize("words", ["", *PROMISED])
def test_each_command_explains_itself(words: str) -> None:
    """`--help` says what the command does, and nothing has to be given for it."""
    outcome = command(*words.split(), "--help")
    assert outcome.status == 0
    assert outcome.out.startswith("Usage: totrinn")
    assert outcome.err == ""


@pytest.mark.parametrize("words", PROMISED)
def test_each_option_explains_itself(words: str) -> None:
    """Every option of every command has a line of help, or a name that needs none."""
    plain = {"--organisation", "--role", "--language"}
    silent = [
        name
        for option in found(words).params
        if isinstance(option, click.Option) and not option.help
        for name in option.opts
    ]
    assert set(silent) <= plain


def test_the_version_is_told_without_loading_anything() -> None:
    """`totrinn --version` answers."""
    assert command("--version").out.startswith("totrinn, version ")
