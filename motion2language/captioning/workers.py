"""Worker processes: each does one task after another and can be stopped in the middle of one, with all that it holds.

A process of its own for each core, since Python's threads share one; numpy starts in a fraction of a second, and in a
copy of a process that has it, at once. Ctrl-C reaches the parent alone, which stops its workers; a worker that loses
its parent ends.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import multiprocessing
import os
import pickle
import signal
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

LEAVING = 2.0  # seconds a stopped worker may take to remove its temporary files; chosen
#: Each worker has one core, so that its matrix products must not use more.
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
#: A worker keeps freed memory for its next task (of glibc): blocks of up to so many bytes and as many
#: at the end. A page that was given back is cleared when it is asked for, which took a tenth of the time. Chosen.
_KEPT = dict.fromkeys(("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"), str(2**28))
_PARAMETERS = {"MALLOC_MMAP_THRESHOLD_": -3, "MALLOC_TRIM_THRESHOLD_": -1}  # of glibc's mallopt
_UNCOLLECTED = 50_000  # objects that are made before Python looks for those that only refer to each other; chosen


class WorkerDiedError(RuntimeError):
    """A worker process has ended in the middle of a task."""


class WorkerLateError(RuntimeError):
    """A worker process has not finished a task in time."""


class Worker:
    """A process that calls what `make()` returns, made at its first task, with the arguments of each task.

    `make`, arguments and results are pickled. Warnings and errors of a task come to the caller.

    memory  bytes of data that the process may hold, beyond which it gets MemoryError; 0: no limit (also on Windows)
    fork    begin as a copy of this process, with all that it has imported; `make` is then not pickled
    """

    def __init__(self, make: Callable[[], Callable[..., Any]], memory: int = 0, *, fork: bool = False) -> None:
        context: Any = multiprocessing.get_context("fork" if fork else "spawn")
        self.connection, other = context.Pipe()
        inherited = [self.connection] if fork else []
        self._process = context.Process(target=_serve, args=(other, make, memory, inherited), daemon=True)
        with environment(_ONE_THREAD | _KEPT):
            self._process.start()
        other.close()

    def begin(self, *arguments: Any) -> None:
        """Begin a task; its result is there when `connection` can be read. Without arguments it is None, once ready."""
        with contextlib.suppress(OSError):  # it has died, as `result` reports
            self.connection.send(arguments)

    def result(self, seconds: float | None = None) -> Any:
        """Wait for the task that was begun and return its result, or raise its error.

        WorkerLateError after `seconds`: the process is then still at work, and can only be stopped.
        """
        try:
            if not self.connection.poll(seconds):
                raise WorkerLateError(f"not done after {seconds:g} s")
            value, error, noted = self.connection.recv()
        except (EOFError, OSError):
            raise WorkerDiedError("its process died; was it killed for its memory?") from None
        for message, category in noted:
            warnings.warn(message, category, stacklevel=2)
        if error is not None:
            raise error
        return value

    def stop(self) -> None:
        """End the process, in the middle of a task if there is one."""
        end_process(self._process)
        self.connection.close()


def end_process(process: BaseProcess) -> None:
    """Ask a process to end, and end it after LEAVING seconds."""
    process.terminate()
    process.join(LEAVING)
    process.kill()
    process.join()


def count_cores() -> int:
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def can_fork() -> bool:
    """Whether this process may be copied as it is: on Linux, as long as it has one thread."""
    return sys.platform == "linux" and len([*Path("/proc/self/task").iterdir()]) == 1


def limit_memory(memory: int) -> None:
    """Let this process hold at most so many bytes of data."""
    if memory and sys.platform != "win32":
        import resource

        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        resource.setrlimit(resource.RLIMIT_DATA, (memory, hard))


def end_with_parent() -> None:
    """Let the system end this process as soon as its parent has ended, whatever it is doing; on Linux alone.

    The parent holds one end of a pipe until it ends; the system then sends SIGIO, which ends a process by default. A
    thread that waits for the parent would never have its turn beside C code that keeps Python's lock.
    """
    parent = multiprocessing.parent_process()
    if sys.platform != "linux" or parent is None:
        return
    import fcntl

    pipe = parent.sentinel
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(pipe, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(pipe, fcntl.F_SETFL, fcntl.fcntl(pipe, fcntl.F_GETFL) | os.O_ASYNC)
    if not parent.is_alive():  # it ended before it was watched
        sys.exit()


def _serve(
    connection: Connection, make: Callable[[], Callable[..., Any]], memory: int, inherited: Sequence[Connection]
) -> None:
    """What a worker process runs: tasks until its parent closes the connection.

    inherited  the parent's ends of its connections, of which a copy of the parent has copies
    """
    for other in inherited:
        other.close()
    if inherited:
        _keep_memory()
    limit_memory(memory)
    gc.set_threshold(_UNCOLLECTED)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # unlike the system's default it removes temporary files
    sys.unraisablehook = _end_in_callbacks_too
    work = None
    with contextlib.suppress(EOFError, OSError):
        while True:
            arguments = connection.recv()
            value = error = None
            with warnings.catch_warnings(record=True) as noted:
                warnings.simplefilter("always")
                try:
                    if arguments:
                        work = work or make()
                        value = work(*arguments)
                except Exception as raised:
                    error = to_send(raised)
            connection.send((value, error, [(str(note.message), note.category) for note in noted]))


def _end_in_callbacks_too(ignored: sys.UnraisableHookArgs) -> None:
    """End a process that was asked to end within a callback of Python's own, which prints the exit and goes on."""
    if ignored.exc_type is SystemExit:
        os._exit(0)
    sys.__unraisablehook__(ignored)


def _keep_memory() -> None:
    """What _KEPT says, for a process that began without these variables."""
    with contextlib.suppress(AttributeError, OSError):  # of another library than glibc
        library = ctypes.CDLL(None)
        for variable, parameter in _PARAMETERS.items():
            library.mallopt(parameter, int(_KEPT[variable]))


def to_send(error: Exception, otherwise: type[Exception] = RuntimeError) -> Exception:
    """An error as another process can be given it.

    MemoryError where memory was short; `otherwise`, with the same words, for one that cannot be pickled.
    """
    if _lacks_memory(error):
        return MemoryError()
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return otherwise(f"{type(error).__name__}: {error}")
    return error


def _lacks_memory(error: Exception) -> bool:
    """Whether an error says that memory is short: a library that finds no room for its code fails to be imported."""
    return isinstance(error, MemoryError) or (isinstance(error, ImportError) and "failed to map segment" in str(error))


def one_thread() -> contextlib.AbstractContextManager[None]:
    """What starts within this block computes on one thread."""
    return environment(_ONE_THREAD)


@contextlib.contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set these environment variables within a block; behind it they are as they were."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
