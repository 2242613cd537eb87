#!/usr/bin/env python3
"""Checks that zesvm.h, zesvm.f90 and libzesvm.so offer the same functions and enumerators.

Usage: check_c_interface.py SOURCE_DIRECTORY LIBRARY"""
import pathlib
import re
import subprocess
import sys

source, library = pathlib.Path(sys.argv[1]), sys.argv[2]
header = (source / "runtime/include/zesvm/zesvm.h").read_text()
fortran = (source / "runtime/include/zesvm/zesvm.f90").read_text()
wrong = []

declared = set(re.findall(r"^ZESVM_API [^;(]*?\**\b(zesvm_\w+)\(", header, re.M))
if len(declared) < 40:
    wrong.append(f"only {len(declared)} functions found in zesvm.h")
bound = set(re.findall(r"bind\(c, name='(zesvm_\w+)'\)", fortran))
for name in sorted(declared ^ bound):
    wrong.append(f"{name} is in one of zesvm.h and zesvm.f90 only")

# Enumerators and their values.
enumerators = re.findall(r"\b(ZESVM_\w+) = (\d+)", header)
values = {name.lower(): int(value) for name, value in enumerators}
given = {n.lower(): int(v) for n, v in re.findall(
    r"parameter, public :: (zesvm_\w+) = (\d+)", fortran, re.I)}
for name in sorted(set(values) | set(given)):
    if values.get(name) != given.get(name):
        wrong.append(f"{name} is {values.get(name)} in zesvm.h, {given.get(name)} in zesvm.f90")

symbols = subprocess.run(["nm", "-D", "--defined-only", library], check=True,
                         capture_output=True, text=True).stdout.split("\n")
exported = {line.split()[-1] for line in symbols if " zesvm_" in line}
for name in sorted({f"{name}@@ZESVM_C_1" for name in declared} ^ exported):
    wrong.append(f"{name} is in one of zesvm.h and {library} only")
strangers = [line.split()[-1] for line in symbols if line and "@@ZESVM_" not in line]
wrong += [f"{library} exports {name}" for name in strangers if not name.startswith("ZESVM_")]

print("\n".join(wrong) or "right")
sys.exit(1 if wrong else 0)
