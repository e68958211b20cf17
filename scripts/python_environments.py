"""Virtual environments under .build with packages of PyPI, for scripts that need some.

    python3 scripts/python_environments.py NAME PACKAGE...     makes one unless it is there, and prints the folder of its programs
"""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def programs(name, *packages):
    """The folder of the programs of an environment with these packages. One that has others is made anew."""
    folder = ROOT / ".build" / f"{name}-venv"
    mark, wanted = folder / "packages", "\n".join(packages)
    if not mark.exists() or mark.read_text(encoding="utf-8") != wanted:
        for words in (
            [sys.executable, "-m", "venv", "--clear", str(folder)],
            # Nothing is compiled, and no package's own setup runs.
            [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:", *packages],
        ):
            subprocess.run(words, check=True, stdout=sys.stderr)
        mark.write_text(wanted, encoding="utf-8")
    return folder / "bin"


def enter(name, *packages):
    """Runs the script that calls this again in such an environment, unless that is where it runs."""
    if pathlib.Path(sys.prefix) == ROOT / ".build" / f"{name}-venv":
        return
    python = programs(name, *packages) / "python"
    os.execv(python, [str(python), *sys.argv])


if __name__ == "__main__":
    print(programs(*sys.argv[1:]))
