"""Entry point: `meshgen` and `python -m generator`."""

from __future__ import annotations

import gc
import io
import os
import sys


def main() -> None:
    """Run the command line; an error nobody foresaw ends with exit code 3 and what to report."""
    from generator import __version__

    if sys.argv[1:] in (["--version"], ["-V"]):
        print(f"meshgen {__version__}")
        return
    if _is_answered(sys.argv[1:]):
        return
    gc.set_threshold(100_000, 50, 100)  # what is loaded at the start is no garbage, and looking for some takes time
    from generator.core.errors import EXIT_INTERRUPTED, EXIT_OUR_BUG

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without the character still shows the rest
    try:
        _run(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except Exception as error:
        import platform
        import traceback

        traceback.print_exc()
        where = f"meshgen {__version__}, Python {platform.python_version()}, {platform.system()}"
        print(
            f"\nThis is a bug in meshgen ({type(error).__name__}). Please report the text above. {where}",
            file=sys.stderr,
        )
        sys.exit(EXIT_OUR_BUG)
    finally:
        gc.freeze()  # the interpreter would look through all of it for garbage, some times over, before it ends


def _is_answered(words: list[str]) -> bool:
    """Try to answer from memory or from a page of help, before anything is loaded that a verb itself needs."""
    try:
        if words[:1] == ["render"]:
            from generator.cli.unchanged import answered

            if answered(words[1:]):
                return True
        if words[-1:] in (["--help"], ["-h"]):
            from generator.cli.printed_help import help_page

            page = help_page(words)
            if page is not None:
                sys.stdout.write(page)
                sys.stdout.flush()
                return True
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except KeyboardInterrupt:
        sys.exit(130)
    return False


def _run(words: list[str]) -> None:
    """Run `render` directly where its options are plain; the rest is for Typer."""
    if words[:1] == ["render"]:
        from generator.cli.quick import plain_arguments
        from generator.cli.render import render

        arguments = plain_arguments(render, words[1:])
        if arguments is not None:
            render(**arguments)
            return
    from generator.cli.app import app

    app(prog_name="meshgen")


if __name__ == "__main__":
    main()
