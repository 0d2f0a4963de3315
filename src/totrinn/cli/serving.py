"""`serve`: answering until it is told to stop."""

import gc
from pathlib import Path

import click

from totrinn.cli.options import Refused, settings_of, where


@click.command()
@click.option("--host", metavar="ADDRESS", help="Where to listen.  [TOTRINN_HOST; 127.0.0.1]")
@click.option("--port", type=click.IntRange(1, 65535), help="On which port.  [TOTRINN_PORT; 8700]")
@click.option("--workers", type=click.IntRange(1, 64), help="How many processes.  [TOTRINN_WORKERS; 1]")
@where
def serve(host: str | None, port: int | None, workers: int | None, data: Path | None, database: str | None) -> None:
    """Serve an installation.

    Renews the tables of the embedded form by itself; a PostgreSQL database is renewed by `totrinn migrate`. Refuses to
    start with missing or wrong keys, and with a base address that would send passwords over a network in the clear.
    """
    gc.disable()  # nothing that is loaded at the start is garbage; the server turns it on again
    from totrinn.serving.running import CannotListen, serve

    try:
        settings = settings_of(data, database, host=host, port=port, workers=workers)
        serve(settings, lambda address: click.echo(f"Totrinn serves {address}. Ctrl-C stops it."))
    except CannotListen as error:
        raise Refused(str(error.strerror)) from None
    finally:
        gc.enable()
