"""A backup of a running installation is whole, readable by nobody here, and comes alive safely elsewhere."""

import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.cli.commands import Outcome, command, environment, program
from tests.cli.conftest import House
from tests.cli.crowd import Crowd, Member, browser_at, enrol, sign_in
from tests.cli.test_serving import serving
from tests.postgresql_server import PostgresqlServer
from totrinn.app.records import MemberCounts
from totrinn.bootstrap import open_installation
from totrinn.demo.phone import step_of
from totrinn.storage import tables as t


@pytest.fixture
def identity(tmp_path: Path) -> Path:
    """A private key that opens backups."""
    file = tmp_path / "identity"
    assert command("backup-key", str(file)).status == 0
    return file


def recipient(identity: Path) -> str:
    """Its public key."""
    return identity.read_text().splitlines()[0].removeprefix("# public key: ")


@contextmanager
def elsewhere(crowd: Crowd, folder: Path, request: pytest.FixtureRequest) -> Iterator[Crowd]:
    """An empty place of the same kind."""
    if crowd.database is None:
        yield Crowd(folder, None)
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    name = server.create_database()
    yield Crowd(folder, server.url(name))
    server.drop_database(name)


@pytest.mark.row("R16", "R53", "R96")
@pytest.mark.timeout(400)
def test_a_drill_under_load(crowd: Crowd, identity: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """While people sign in and enrol, a backup; put back elsewhere it has all that was acknowledged before it began."""
    crowd.found(with_app=200, without=200)
    file = tmp_path / "backup"
    with serving(crowd.data, **crowd.environment) as server:
        survivor = browser_at(server.port)
        last = enrol(survivor, crowd.next_without())
        with crowd.coming(server.port, sso=False) as journal:
            while len(journal.enrolled) < 3:
                time.sleep(0.05)
            before = [last, *journal.enrolled]
            made = program("backup", str(file), "--recipient", recipient(identity), *crowd.place)
        assert (made.status, made.err) == (0, "")
        assert journal.failures == []
    with elsewhere(crowd, tmp_path / "elsewhere", request) as there:
        words = ("restore", str(file), "--identity", str(identity), *there.place)
        assert command(*words).status == 0
        assert not set(command("audit", "verify", "--json", *there.place).data["findings"])
        _all_is_there(there, before)
        assert command(*words).err.endswith("a backup goes into an empty place only\n")
        with serving(there.data, **there.environment) as server:
            survivor.go_to(server.port)
            assert survivor.get("/").location.startswith("/login"), "its session has ended"
            assert sign_in(browser_at(server.port), last).path == "/login/two-factor", "codes of now are spent"
        with _later(90), serving(there.data, **there.environment) as server:
            assert sign_in(browser_at(server.port), last, later=3).path == "/"


def _all_is_there(there: Crowd, before: list[Member]) -> None:
    """What was acknowledged stands there; what is counted is what is there; nothing refers to what is not."""
    with open_installation(there.settings) as installation:
        with installation.services.store.reading() as unit:
            for member in before:
                assert len(unit.factors.of_person(member.id)) == 1
                assert unit.factors.recovery_codes_left(member.id) == 10
            organisation = unit.organisations.find_by_slug("fjordly")
            assert organisation is not None
            counts = unit.members.counts(organisation.id)
        with installation.database.engines.reading.connect() as connection, connection.begin():
            owners = connection.execute(sa.select(sa.func.count(sa.distinct(t.authenticator.c.person_id)))).scalar_one()
            spent = step_of(datetime.now(UTC)) - 20
            assert connection.execute(sa.select(sa.func.min(t.authenticator.c.last_step))).scalar_one() > spent
            assert connection.execute(sa.select(sa.func.count()).select_from(t.session)).scalar_one() == 0
    assert counts == MemberCounts(missing=400 - owners, has=owners, sso=0)


@contextmanager
def _later(seconds: int) -> Iterator[None]:
    """Programs that are started in the block believe that it is so much later."""
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LD_PRELOAD", str(library))
        patch.setenv("FAKETIME", f"+{seconds}s")
        yield


def test_the_command_of_age_reads_it(fjordly: House, identity: Path, tmp_path: Path) -> None:
    """Nobody needs Totrinn to get at what is theirs: a tar archive with a database that SQLite opens."""
    file = tmp_path / "backup"
    fjordly.done("backup", str(file), "--recipient", recipient(identity))
    opened = subprocess.run(["age", "--decrypt", "-i", identity, file], capture_output=True, check=True)
    subprocess.run(["tar", "-x", "-C", tmp_path], input=opened.stdout, check=True)
    assert b"Fjordly AS" in (tmp_path / "database").read_bytes()
    key = next((fjordly.data / "keys").glob("*.key"))
    assert (tmp_path / "keys").read_text() == f"{key.stem}:{key.read_text()}"
    assert file.stat().st_mode & 0o777 == identity.stat().st_mode & 0o777 == 0o600


@pytest.mark.timeout(300)
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_ended_in_the_midst_it_leaves_nothing_behind(
    crowd: Crowd, identity: Path, tmp_path: Path, how: signal.Signals
) -> None:
    """Neither an unfinished backup nor a plain copy; whoever ended it is told so by the status."""
    crowd.found(with_app=300, without=300)
    target = tmp_path / "made" / "backup"
    target.parent.mkdir()
    before = {each.name for each in crowd.data.iterdir()}
    words = [sys.executable, "-m", "totrinn", "backup", str(target), "--recipient", recipient(identity), *crowd.place]
    while True:
        making = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
        while making.poll() is None and not any(target.parent.iterdir()):
            time.sleep(0.001)
        making.send_signal(signal.SIGSTOP)
        if not target.exists():
            break
        making.send_signal(signal.SIGCONT)
        making.communicate(timeout=60)
        target.unlink()
    making.send_signal(how)
    making.send_signal(signal.SIGCONT)
    assert making.communicate(timeout=60)[1].strip() == b""
    assert making.returncode == 128 + how
    assert list(target.parent.iterdir()) == []
    left = {each.name for each in crowd.data.iterdir()} - before
    assert all(name.endswith(("-wal", "-shm")) for name in left)


@pytest.mark.row("R90")
def test_this_machine_cannot_read_it(fjordly: House, identity: Path, tmp_path: Path) -> None:
    """Neither names nor keys stand there in a plain form, and nothing plain is left beside it."""
    file = tmp_path / "backup"
    before = set(fjordly.data.rglob("*"))
    fjordly.done("backup", str(file), "--recipient", recipient(identity))
    assert b"Fjordly" not in file.read_bytes()
    assert {each for each in fjordly.data.rglob("*") if not each.name.endswith(("-wal", "-shm"))} <= before


def test_several_may_open_it(fjordly: House, identity: Path, tmp_path: Path) -> None:
    """Each of the recipients, of age or of SSH, from the setting as well."""
    ssh = tmp_path / "ssh"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", ssh], check=True)
    listed = tmp_path / "recipients"
    listed.write_text(f"# two of us\n{recipient(identity)}\n{ssh.with_suffix('.pub').read_text()}")
    file = tmp_path / "backup"
    assert fjordly.run("backup", str(file), TOTRINN_BACKUP_RECIPIENTS_FILE=str(listed)).status == 0
    for at, opener in enumerate((identity, ssh)):
        place = tmp_path / f"restored {at}"
        assert command("restore", str(file), "--identity", str(opener), "--data", str(place)).status == 0
        granted = command("feature", "grant", "fjordly", "forced_two_factor", "--why", "x", "--data", str(place))
        assert "Fjordly AS" in granted.out


def test_without_the_keys_it_needs_them(fjordly: House, identity: Path, tmp_path: Path) -> None:
    """A backup without keys is refused until they are named, and only the right ones are taken."""
    file, place = tmp_path / "backup", tmp_path / "restored"
    fjordly.done("backup", str(file), "--recipient", recipient(identity), "--without-keys")
    words = ("restore", str(file), "--identity", str(identity), "--data", str(place))
    assert "holds no keys" in command(*words).err
    key = next((fjordly.data / "keys").glob("*.key"))
    wrong = tmp_path / "other"
    command("init", "--data", str(wrong))
    other = next((wrong / "keys").glob("*.key"))
    handed = tmp_path / "handed"
    handed.write_text(f"{other.stem}:{other.read_text()}")
    assert "not the ones" in command(*words, TOTRINN_KEYS_FILE=str(handed)).err
    assert not place.exists()
    handed.write_text(f"{key.stem}:{key.read_text()}")
    assert command(*words, TOTRINN_KEYS_FILE=str(handed)).status == 0


@pytest.mark.parametrize("harm", ["cut", "changed", "appended", "empty", "other key", "no backup", "exchanged"])
def test_a_file_that_is_not_right_is_refused(fjordly: House, identity: Path, tmp_path: Path, harm: str) -> None:
    """In one line, and nothing is put in place."""
    file, place = tmp_path / "backup", tmp_path / "restored"
    fjordly.done("backup", str(file), "--recipient", recipient(identity))
    _harm(file, identity, tmp_path, harm)
    outcome = command("restore", str(file), "--identity", str(identity), "--data", str(place))
    assert (outcome.status, outcome.err.count("\n")) == (1, 1), outcome.err
    assert "backup" in outcome.err
    assert [each for each in tmp_path.iterdir() if "restored" in each.name] == []


def _harm(file: Path, identity: Path, folder: Path, harm: str) -> None:
    whole = bytearray(file.read_bytes())
    if harm == "cut":
        file.write_bytes(whole[: len(whole) // 2])
    elif harm == "changed":
        whole[len(whole) // 2] ^= 1
        file.write_bytes(whole)
    elif harm == "appended":
        file.write_bytes(whole + b"x")
    elif harm == "empty":
        file.write_bytes(b"")
    elif harm == "other key":
        identity.unlink()
        command("backup-key", str(identity))
    else:
        _write_something_else(file, identity, folder, harm)


def _write_something_else(file: Path, identity: Path, folder: Path, harm: str) -> None:
    """Something else that is encrypted to the right key."""
    plain = folder / "plain"
    plain.write_bytes(b"something else")
    if harm == "exchanged":
        inside = folder / "inside"
        inside.mkdir()
        opened = subprocess.run(["age", "--decrypt", "-i", identity, file], capture_output=True, check=True)
        subprocess.run(["tar", "-x", "-C", inside], input=opened.stdout, check=True)
        with (inside / "database").open("r+b") as database:
            database.seek(5000)
            database.write(b"another database")
        subprocess.run(["tar", "-cf", plain, "-C", inside, "manifest.json", "keys", "database"], check=True)
    file.unlink()
    subprocess.run(["age", "-r", recipient(identity), "-o", file, plain], check=True)


def test_nothing_is_overwritten(fjordly: House, identity: Path, tmp_path: Path) -> None:
    """Neither a file by a backup, nor a key by another, nor a folder by a restore."""
    file = tmp_path / "backup"
    file.write_text("mine")
    assert "is there already" in fjordly.run("backup", str(file), "--recipient", recipient(identity)).err
    assert file.read_text() == "mine"
    assert command("backup-key", str(identity)).status == 1
    file.unlink()
    fjordly.done("backup", str(file), "--recipient", recipient(identity))
    before = (fjordly.data / "totrinn.sqlite3").read_bytes()
    refused = fjordly.run("restore", str(file), "--identity", str(identity))
    assert "is not empty" in refused.err
    assert (fjordly.data / "totrinn.sqlite3").read_bytes() == before


@pytest.mark.parametrize("given", [(), ("--recipient", "age1wrong"), ("--recipient", "AGE-SECRET-KEY-1")])
def test_to_nobody_there_is_no_backup(fjordly: House, tmp_path: Path, given: tuple[str, ...]) -> None:
    """Whoever forgets to say who may open it, or mistypes it, learns so at once."""
    outcome = fjordly.run("backup", str(tmp_path / "backup"), *given)
    assert (outcome.status, outcome.err.count("\n")) == (1, 1)
    assert not (tmp_path / "backup").exists()


def test_where_nothing_can_be_written_the_file_is_named(fjordly: House, identity: Path, tmp_path: Path) -> None:
    """By the name that was typed, not by the one that it has while it is made."""
    file = tmp_path / "nowhere" / "backup"
    refused = fjordly.run("backup", str(file), "--recipient", recipient(identity))
    assert (refused.status, refused.err.count("\n")) == (1, 1)
    assert refused.err.startswith(f"totrinn: no backup was made: {file}: ")


@pytest.mark.parametrize("what", ["copy", "backup"])
def test_a_full_disk_leaves_nothing_behind(fjordly: House, identity: Path, tmp_path: Path, what: str) -> None:
    """Whether the copy or the backup no longer fits: one line, and nothing of either is left."""
    file = tmp_path / "backup"
    with sqlite3.connect(fjordly.data / "totrinn.sqlite3") as connection:
        pages, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    connection.close()
    before = set(fjordly.data.iterdir())
    most = pages * size // 2 if what == "copy" else pages * size + 1000
    words = ("backup", str(file), "--recipient", recipient(identity), "--data", str(fjordly.data))
    outcome = _limited(most, *words)
    assert (outcome.status, outcome.err.count("\n")) == (1, 1), outcome.err
    assert outcome.err.startswith("totrinn: no backup was made")
    assert not file.exists()
    assert [each for each in tmp_path.iterdir() if each.name.startswith(".backup")] == []
    assert {each for each in fjordly.data.iterdir() if not each.name.endswith(("-wal", "-shm"))} <= before
    assert _limited(most * 4, *words).status == 0


def _limited(most: int, *words: str) -> Outcome:
    """Runs a command that may write no file larger than this."""
    done = subprocess.run(
        [sys.executable, "-m", "totrinn", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment(),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)),
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def test_recovery_codes_may_be_thrown_away(
    crowd: Crowd, identity: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Those that were used since would come alive again: whoever restores may delete them all."""
    crowd.found(with_app=1, without=1)
    member = crowd.next_with_app()
    with open_installation(crowd.settings) as installation, installation.services.store.writing() as unit:
        unit.factors.replace_recovery_codes(member.id, [b"1", b"2"])
    file = tmp_path / "backup"
    assert command("backup", str(file), "--recipient", recipient(identity), *crowd.place).status == 0
    with elsewhere(crowd, tmp_path / "elsewhere", request) as there:
        words = ("restore", str(file), "--identity", str(identity), "--renew-recovery-codes", "--json", *there.place)
        assert command(*words).data["recovery_codes_deleted"] == 2
        with open_installation(there.settings) as installation, installation.services.store.reading() as unit:
            assert unit.factors.recovery_codes_left(member.id) == 0
            assert len(unit.factors.of_person(member.id)) == 1
