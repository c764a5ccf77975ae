"""m2l serve."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from motion2language.cli.options import Device, warn_of_strangers


def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    model: Annotated[list[str] | None, Parameter(negative="")] = None,
    device: Device = "auto",
    megabytes: float = 64.0,
    minutes: float = 10.0,
    waiting: int = 1000,
    seconds: float = 30.0,
    gigabytes: float = 2.0,
    token: str = "",
    proxy: Annotated[list[str] | None, Parameter(negative="")] = None,
    name: Annotated[list[str] | None, Parameter(negative="")] = None,
) -> int:
    """Serve the web app: drop recordings on a page; read, watch and save their captions.

    Parameters
    ----------
    host
        Address to listen on; 0.0.0.0 accepts other machines.
    port
        Port to listen on.
    model
        A shipped model or a model folder to choose from; may be repeated. Default: the shipped models.
    megabytes
        Largest request, in MB.
    minutes
        Longest recording, in minutes.
    waiting
        Most recordings waiting at a time.
    seconds
        Most seconds to read and describe one recording; then its process is ended.
    gigabytes
        Most memory of a process that describes recordings, in GB.
    token
        A secret that clients must know: http://HOST:PORT/?token=SECRET opens the page, programs send
        `Authorization: Bearer SECRET`. By default anybody who reaches the address may use the app.
    proxy
        Address of a proxy in front of the app, whose X-Forwarded-For names the client; may be repeated.
    name
        Host name that clients may use, besides IP addresses and localhost; may be repeated.
    """
    import sys
    from contextlib import closing, suppress
    from functools import partial
    from pathlib import Path

    from motion2language.captioning.model_folder import shipped_models
    from motion2language.captioning.recordings import load_captioner
    from motion2language.captioning.workers import count_cores

    try:
        from motion2language.server.app import create_app
        from motion2language.server.connections import listen, make_server
        from motion2language.server.guard import Limits
    except ModuleNotFoundError as error:
        raise ValueError(f"m2l serve needs {error.name}: pip install 'motion2language[serve]'") from None

    if not 0 <= port <= 65535:
        raise ValueError(f"--port {port}: expected 0 to 65535")
    chosen = model or sorted(shipped_models(), key="default".__ne__)  # the default first
    models = {Path(choice).name: partial(load_captioner, choice, device) for choice in chosen}
    models[Path(chosen[0]).name]()  # so that a missing model is reported now, not to the first client
    processes = 1 if "torch" in sys.modules else count_cores()  # a model that needs PyTorch takes all cores, or a GPU
    limits = Limits(megabytes, minutes, waiting, seconds=seconds, gigabytes=gigabytes)
    with closing(listen(host, port, "--port")) as listener:
        app = create_app(models, limits, frozenset(name or ()), processes, token=token, proxies=frozenset(proxy or ()))
        shown_host = f"[{host}]" if ":" in host else host
        print(f"m2l: serving on http://{shown_host}:{listener.getsockname()[1]} (Ctrl-C to stop)", flush=True)
        warn_of_strangers(host, token)
        with suppress(KeyboardInterrupt):
            make_server(app, timeout_graceful_shutdown=5).run(sockets=[listener])
    return 0
