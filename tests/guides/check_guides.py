#!/usr/bin/env python3
"""Sees that guides say what is so: check_guides.py SOURCE_DIRECTORY BUILD_DIRECTORY GUIDE...
or writes the files of a guide that shows them whole: check_guides.py --write GUIDE DIRECTORY

A code block says after its language what it is:
  file=PATH   these lines stand in that file of the project, in this order without gaps
  write=NAME  a whole file of the reader's
  run         commands for a shell, run in a directory where bin is the build's
  output      what the commands before it print; addresses and times may differ
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import textwrap

FENCE = re.compile(r"^```(\w+) +(\S+)\n(.*?)^```$", re.M | re.S)
TIMEOUT_SECONDS = 60


def blocks_of(guide):
    text = pathlib.Path(guide).read_text(encoding="utf-8")
    return [match.groups() for match in FENCE.finditer(text)]


def lines_of(text):
    return [line.strip() for line in text.splitlines() if line.strip()]


def is_inside(part, whole):
    return any(whole[i:i + len(part)] == part for i in range(len(whole) - len(part) + 1))


def without_what_differs(line):
    line = re.sub(r"0x[0-9a-f]{6,}", "0x", line)
    return re.sub(r"\d+(\.\d+)? (ms|us|s)\b", "time", line.strip())


def run(commands, build):
    hidden = ("ZESVM_", "ZE_")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(hidden)}
    with tempfile.TemporaryDirectory() as directory:
        os.symlink(pathlib.Path(build).resolve() / "bin", pathlib.Path(directory) / "bin")
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", commands], cwd=directory,
                              env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=TIMEOUT_SECONDS, check=False)
    return done.returncode, done.stdout


def missing_line(wanted, printed):
    rest = iter(map(without_what_differs, printed.splitlines()))
    for line in lines_of(wanted):
        if without_what_differs(line) not in rest:
            return line
    return None


def unknown_names(source, guide):
    """What a guide calls must stand in the public headers."""
    headers = " ".join(path.read_text(encoding="utf-8")
                       for path in (source / "runtime/include/zesvm").iterdir())
    known = set(re.findall(r"\w+", headers))
    text = pathlib.Path(guide).read_text(encoding="utf-8")
    called = re.findall(r"\b(?:space|stream|s|d|device|kernel|runtime|rt|planner)\.(\w+)[(<]|"
                        r"\bzesvm::(\w+)|\b(zesvm_\w+)\(", text)
    cmake = {"zesvm", "fortran"}
    names = {name for one in called for name in one if name} - cmake
    return [f"the headers have no {name}" for name in sorted(names - known)
            if name != "zesvm_spirv_module"]


def check(source, build, guide):
    wrong = []
    printed = ""
    blocks = blocks_of(guide)
    for language, kind, text in blocks:
        if kind.startswith("file="):
            path = source / kind[len("file="):]
            whole = path.read_text(encoding="utf-8") if path.is_file() else ""
            if not is_inside(lines_of(text), lines_of(whole)):
                wrong.append(f"{path} does not have these lines:\n{textwrap.indent(text, '  ')}")
        elif kind == "run":
            code, printed = run(text, build)
            if code != 0:
                wrong.append(f"exit code {code} of\n{text}{printed}")
        elif kind == "output":
            line = missing_line(text, printed)
            if line is not None:
                wrong.append(f"not printed, or not in this order: {line}\nprinted was:\n{printed}")
    wrong += unknown_names(source, guide)
    return [f"{guide}: {one}" for one in wrong]


def write(guide, directory):
    names = []
    for _, kind, text in blocks_of(guide):
        if kind.startswith("write="):
            names.append(kind[len("write="):])
            (pathlib.Path(directory) / names[-1]).write_text(text, encoding="utf-8")
    print("wrote", *names)
    return [] if names else [f"{guide} shows no whole file"]


if sys.argv[1] == "--write":
    failures = write(*sys.argv[2:4])
else:
    failures = [one for guide in sys.argv[3:]
                for one in check(pathlib.Path(sys.argv[1]), sys.argv[2], guide)]
print("\n".join(failures) or "right")
sys.exit(1 if failures else 0)
