"""Several processes behind one socket: started, watched, replaced, renewed one by one, and ended together.

Parent and worker hold the two ends of a channel. The worker says each second that its event loop turns; the parent says
when to leave. When the parent is gone, however it went, the channel ends, and with it the worker: none stays behind
with the socket in its hands.
"""

import logging
import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import NoReturn

from totrinn.app.errors import TotrinnError
from totrinn.serving.answering import SECONDS_TO_FINISH

Work = Callable[[socket.socket], None]

LEAVE, END = b"l", b"e"
"""What the parent says: others stay and accept; nobody does."""
BEAT = b"."

_PATIENCE = 0.2
_LONGEST_START = 90.0
_LONGEST_SILENCE = 30.0
_NO_LONGER_EARLY = 10.0
_LONGEST_PAUSE = 5.0
_log = logging.getLogger("totrinn.serving")


class WorkersKeepEnding(TotrinnError):
    """No process serves, and those that are started end before they do."""

    code = "workers_keep_ending"


@dataclass(slots=True, eq=False)
class _Worker:
    process: BaseProcess
    channel: socket.socket
    started_at: float = field(default_factory=time.monotonic)
    serving_since: float | None = None
    heard_at: float = 0.0
    is_old: bool = False
    """It is to be replaced."""
    leaves_since: float | None = None

    def hear(self) -> None:
        """Takes in what it has said."""
        with suppress(OSError):
            if self.channel.recv(4096):
                self.heard_at = time.monotonic()
                self.serving_since = self.serving_since or self.heard_at

    def say(self, word: bytes) -> None:
        """Tells it to leave."""
        self.leaves_since = self.leaves_since or time.monotonic()
        with suppress(OSError):
            self.channel.send(word)

    def is_overdue(self, now: float) -> bool:
        """Whether it should have started, been heard of or ended by now."""
        if self.leaves_since is not None:
            return now > self.leaves_since + SECONDS_TO_FINISH + 1
        if self.serving_since is None:
            return now > self.started_at + _LONGEST_START
        return now > self.heard_at + _LONGEST_SILENCE


class Supervisor:
    """Keeps a number of workers at work until it is told to stop (SIGTERM, SIGINT); SIGHUP renews them."""

    def __init__(
        self,
        work: Work,
        number: int,
        *,
        on_ending: Callable[[], None],
        on_end_of: Callable[[int], None],
    ) -> None:
        """`work` is run in each process with its end of the channel; `on_end_of` is told the id of each that ended."""
        self._work = work
        self._number = number
        self._on_ending = on_ending
        self._on_end_of = on_end_of
        self._workers: list[_Worker] = []
        self._is_ending = False
        self._must_renew = False
        self._early_ends = 0
        self._not_before = 0.0

    def run(self, *, each_turn: Callable[[], None]) -> None:
        """Supervises until all have ended. Raises `WorkersKeepEnding`."""
        try:
            with self._heeding_signals():
                while self._workers or not self._is_ending:
                    self._see_to_it()
                    each_turn()
                    self._listen()
                    self._take_leave_of_the_ended()
        finally:
            for worker in self._workers:
                worker.channel.close()

    def is_complete(self) -> bool:
        """Whether as many serve as shall."""
        return sum(worker.serving_since is not None for worker in self._staying()) >= self._number

    def _staying(self) -> list[_Worker]:
        return [worker for worker in self._workers if worker.leaves_since is None]

    def _listen(self) -> None:
        alive = [worker for worker in self._workers if worker.process.is_alive()]
        ready = wait([*(worker.channel for worker in alive), *(worker.process.sentinel for worker in alive)], _PATIENCE)
        for worker in alive:
            if worker.channel in ready:
                worker.hear()

    def _see_to_it(self) -> None:
        now = time.monotonic()
        for worker in self._workers:
            if worker.is_overdue(now):
                _log.error("a worker hangs and is ended", extra={"worker": worker.process.pid})
                worker.process.kill()
        if self._is_ending:
            for worker in self._staying():
                worker.say(END)
            return
        if self._must_renew:
            self._begin_renewal()
        self._staff(now)

    def _begin_renewal(self) -> None:
        self._must_renew = False
        _log.info("workers are renewed one by one")
        for worker in self._staying():
            worker.is_old = True

    def _staff(self, now: float) -> None:
        """Starts who is missing; in a renewal one more at a time, for whom an old one then leaves."""
        staying = self._staying()
        old = [worker for worker in staying if worker.is_old]
        is_one_starting = any(worker.serving_since is None for worker in staying)
        if len(staying) > self._number and not is_one_starting:
            for worker in old[: len(staying) - self._number]:
                worker.say(LEAVE)
        elif now >= self._not_before:
            missing = self._number - len(staying)
            for _ in range(max(missing, 1 if old and not is_one_starting else 0)):
                self._start()

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        process = multiprocessing.get_context("spawn").Process(target=self._work, args=(theirs,), name="worker")
        process.start()
        theirs.close()
        self._workers.append(_Worker(process, ours))

    def _take_leave_of_the_ended(self) -> None:
        for worker in [worker for worker in self._workers if not worker.process.is_alive()]:
            self._workers.remove(worker)
            worker.channel.close()
            worker.process.join()
            self._on_end_of(worker.process.pid or 0)
            if worker.leaves_since is None and not self._is_ending:
                extra = {"worker": worker.process.pid, "status": worker.process.exitcode}
                _log.error("a worker ended by itself", extra=extra)
                self._consider(worker)

    def _consider(self, ended: _Worker) -> None:
        """Whoever had served for a while is replaced at once; who ends early again and again, ever more slowly."""
        now = time.monotonic()
        if ended.serving_since is not None and now - ended.serving_since > _NO_LONGER_EARLY:
            self._early_ends = 0
            return
        self._early_ends += 1
        too_many = self._early_ends - self._number
        if too_many > 0:
            self._not_before = now + min(0.25 * 2**too_many, _LONGEST_PAUSE)
        if too_many > self._number + 2 and not any(worker.serving_since for worker in self._workers):
            self._kill()
            raise WorkersKeepEnding("the processes that should serve end before they do")

    def _kill(self) -> None:
        for worker in self._workers:
            worker.process.kill()

    @contextmanager
    def _heeding_signals(self) -> Iterator[None]:
        handlers = {signal.SIGTERM: self._end, signal.SIGINT: self._end, signal.SIGHUP: self._renew}
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _end(self, number: int, _frame: FrameType | None) -> None:
        if self._is_ending:
            self._kill()
            os._exit(128 + number)
        self._is_ending = True
        self._on_ending()

    def _renew(self, _number: int, _frame: FrameType | None) -> None:
        self._must_renew = True


def heed(channel: socket.socket, leave: Callable[[bytes], None]) -> NoReturn:
    """In a worker, in a thread of its own: passes on what the parent says; empty when there is no parent any more."""
    while True:
        try:
            word = channel.recv(1)
        except OSError:
            word = b""
        leave(word)
        if not word:
            time.sleep(SECONDS_TO_FINISH)
            os._exit(1)


def beat(channel: socket.socket) -> None:
    """Tells the parent that this worker turns; never waits."""
    with suppress(OSError):
        channel.send(BEAT, socket.MSG_DONTWAIT)
