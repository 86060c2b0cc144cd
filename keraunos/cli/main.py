"""The commands."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from keraunos import saving
from keraunos.backend import dispatch
from keraunos.cli.demo import run_demo
from keraunos.cli.formula import formula
from keraunos.cli.run import run_script, traceback_from
from keraunos.cli.transform import transform
from keraunos.release import __version__

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Deep learning with the Keras API on any engine.",
    rich_markup_mode="rich",
)


def _print_version(wanted: bool):
    if wanted:
        typer.echo(__version__)
        raise typer.Exit()


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
):
    """Deep learning with the Keras API on any engine."""


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "allow_interspersed_args": False}
)
def run(
    context: typer.Context,
    script: Annotated[
        Path, typer.Argument(help="A Python script that says `import keras` or `from tensorflow import keras`.")
    ],
    backend: Annotated[str | None, typer.Option(help="The engine: jax, numpy, ...")] = None,
):
    """Execute an unchanged Keras script; inside it, keras is keraunos. What follows the script's name goes to the script."""
    if not script.is_file():
        typer.echo(f"keraunos run: there is no file {str(script)!r}.", err=True)
        raise typer.Exit(2)
    sys.excepthook = traceback_from(str(script))
    run_script(script, context.args, backend=backend)


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for digits.keras and digits.png.")] = Path("keraunos-demo"),
    epochs: Annotated[int | None, typer.Option(help="Number of epochs.")] = None,
):
    """Train a convolutional network on handwritten digits, draw it, save it, reload it on two engines."""
    run_demo(out, epochs)


@app.command()
def show(model: Annotated[Path, typer.Argument(help="A .keras file.")]):
    """Print what is in a model file."""
    if not model.is_file():
        typer.echo(f"keraunos show: there is no file {str(model)!r}.", err=True)
        raise typer.Exit(2)
    saving.load_model(model).summary()


@app.command()
def info():
    """Print the version, the engines that are installed, and the default one."""
    typer.echo(f"keraunos {__version__}, Python {sys.version.split()[0]}")
    default = dispatch.settings.backend()
    for name in dispatch.engine_names():
        engine = dispatch.get_engine(name)
        typer.echo(
            f"  engine {name}{' (default)' if name == default else ''}: trains {'yes' if engine.trains else 'no'}"
        )


app.command()(transform)
app.command()(formula)


def main():
    """Entry point of the console script."""
    app()
