"""m2l live and m2l send."""

from __future__ import annotations

import sys
from pathlib import Path

from motion2language.cli.options import Input, load


def live(
    *,
    model: str = "live",
    udp: int | None = None,
    host: str = "127.0.0.1",
    json: bool = False,
    sure: float = 0.5,
    patience: float = 0.8,
    source: Input = Input(),
) -> int:
    """Describe a motion while it happens: frames from standard input or UDP, words as they become certain.

    Parameters
    ----------
    model
        A model that needs nothing of the future, as live is.
    udp
        Listen on this port instead of standard input.
    host
        Address to listen on; 0.0.0.0 hears other machines.
    json
        Print a JSON line for each word, sentence and note.
    sure
        An action is said as soon as this share of the sentences drawn names it,
    patience
        or this many seconds after the first of them named one. More of both is later and more often right.
    source
        What the stream cannot say itself: unit, up axis, joint map.
    """
    from motion2language.live import Patience, stream
    from motion2language.live.protocol import parse

    doubt = Patience(sure, patience)
    captioner = load(model, "cpu", None)
    render = stream.as_json if json else stream.as_text

    def ready(port: int) -> None:
        print(f"m2l: listening on {host}:{port}", file=sys.stderr, flush=True)

    lines = sys.stdin if udp is None else stream.datagrams(udp, host, ready=ready)
    overrides = source.overrides()
    for event in stream.describe(
        parse(lines), captioner, unit=source.unit, up=source.up, joint_map=overrides, patience=doubt
    ):
        print(render(event), end="", flush=True)
    return 0


def send(file: Path, /, *, to: str | None = None, speed: float = 1.0, source: Input = Input()) -> int:
    """Play a recording as a stream that `m2l live` reads, at the pace it happened.

    Parameters
    ----------
    file
        A recording.
    to
        HOST:PORT to send to by UDP, instead of standard output.
    speed
        How many times as fast; 0 is all at once.
    source
        What the file cannot say itself.
    """
    from motion2language.live import stream

    if not 0 <= speed < float("inf"):
        raise ValueError(f"--speed {speed}: give a number from 0")
    emit = stream.udp_sender(to) if to else lambda line: print(line, flush=True)
    stream.send(source.read(file), emit, speed=speed)
    return 0
