"""The border of the command line: whatever goes wrong is one sentence on standard error and an exit status.

0: done. 1: a job failed, or something is not well. 2: it could not be done. 130: broken off with Ctrl-C.
"""

import asyncio
import importlib.metadata
import sys
from collections.abc import Coroutine
from io import TextIOWrapper
from typing import Annotated, Any, TypeVar, cast

import typer
import uvloop
from typer.core import TyperGroup

from scriptjobs.errors import PartDied, ScriptJobsError

T = TypeVar("T")
BROKEN_OFF = 130
_LONGEST = 500


class Commands(TyperGroup):
    """All commands."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, asyncio.CancelledError):
            raise typer.Exit(BROKEN_OFF) from None
        except BrokenPipeError:
            raise
        except Exception as error:
            if is_of_typer(error) or ctx.params.get("debug"):
                raise
            say(sentence_of(error))
            raise typer.Exit(1 if isinstance(error, PartDied) else 2) from error


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run the work of a command to its end."""
    return uvloop.run(work)


def say(sentence: str) -> None:
    """Something for the person at the terminal, apart from what the command gives."""
    # What is quoted may hold anything, and a terminal obeys some of it.
    plain = "".join(sign if sign.isprintable() or sign == "\n" else "\ufffd" for sign in sentence)
    sys.stderr.write(f"{plain}\n")


def sentence_of(error: BaseException) -> str:
    """What an error says to the person at the terminal."""
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseExceptionGroup[BaseException]", error).exceptions[0]
    if isinstance(error, ScriptJobsError):
        return error.message
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}."
    words = " ".join(str(error).split())[:_LONGEST]
    return f"This is a bug in script-jobs ({type(error).__name__}: {words}). `script-jobs --debug …` shows where."


def is_of_typer(error: Exception) -> bool:
    """Whether typer answers it by itself: a wrong option, an exit."""
    return type(error).__module__.startswith(("typer", "click"))


def _show_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"script-jobs {importlib.metadata.version('script-jobs')}\n")
        raise typer.Exit


def common(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show where in the code an error came from.")] = False,
) -> None:
    """Launch, watch and look after script jobs."""
