"""`demo`: the whole story, on data of its own, and then everything to try by hand."""

from pathlib import Path

import click

from totrinn.cli.options import Refused, operator

DEFAULT_FOLDER = "totrinn-demo"


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=DEFAULT_FOLDER,
    show_default=True,
    metavar="DIR",
    help="The demo's own folder; made anew at each start.",
)
@click.option("--port", type=click.IntRange(1, 65535), default=8700, show_default=True, help="Or the next free one.")
@click.option("--once", is_flag=True, help="End when the story has ended.")
def demo(data: Path, port: int, once: bool) -> None:
    """Try it: three organisations, the whole story played over HTTP, then passwords for everybody.

    Listens on this machine only, and takes no notice of TOTRINN_… settings.
    """
    from totrinn.demo import NotADemoFolder, StoryBroken, run
    from totrinn.serving.running import CannotListen

    try:
        run(data, port, operator(), click.echo, stay=not once)
    except NotADemoFolder as error:
        raise Refused(str(error)) from None
    except CannotListen as error:
        raise Refused(str(error.strerror)) from None
    except StoryBroken as error:
        raise Refused(f"the story did not come true: {error}") from None
