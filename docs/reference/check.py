#!/usr/bin/env python3
"""Refuses public declarations that do not say enough, from Doxygen's XML: check.py DIRECTORY

Doxygen itself warns of functions, members and types without a comment. This looks for what it lets
pass: enumerators without one, classes that do not speak of threads, member functions that may throw
and say nothing of errors."""
import pathlib
import re
import sys
import xml.etree.ElementTree as ET

wrong = []
counts = {"classes": 0, "functions": 0, "enumerators": 0}


def text_of(element):
    found = [part for tag in ("briefdescription", "detaileddescription")
             for part in element.findall(tag)]
    return " ".join("".join(part.itertext()) for part in found).strip()


def check_function(name, member):
    counts["functions"] += 1
    text = text_of(member)
    if not text:
        wrong.append(f"{name}() is not documented")
    throws = not re.search(r"noexcept|=\s*(delete|default)", member.findtext("argsstring") or "")
    says = "Errors" in text
    if throws and not says:
        wrong.append(f"{name}() does not say which errors it has, and is not noexcept")


def check_enumerators(name, member):
    for value in member.findall("enumvalue"):
        counts["enumerators"] += 1
        if not text_of(value):
            wrong.append(f"{name}::{value.findtext('name')} is not documented")


# What only makes or copies values: nothing to say but that memory may lack, which the front page does.
VALUES = {"zesvm::Advice", "zesvm::Argument", "zesvm::Error"}

for path in sorted(pathlib.Path(sys.argv[1]).glob("*.xml")):
    for compound in ET.parse(path).getroot().findall("compounddef"):
        if compound.get("prot") in ("private", "protected"):
            continue
        scope = compound.findtext("compoundname")
        if compound.get("kind") == "class":
            counts["classes"] += 1
            if not re.search(r"\bthreads?\b", text_of(compound)):
                wrong.append(f"class {scope} does not say which threads may use it")
        for member in compound.iter("memberdef"):
            if member.get("prot") != "public":
                continue
            name = f"{scope}::{member.findtext('name')}"
            check_enumerators(name, member)
            is_special = re.search(r"::(~\w+|operator[=!]=)$", name) or "=delete" in (
                member.findtext("argsstring") or "")
            if (member.get("kind") == "function" and compound.get("kind") == "class"
                    and scope not in VALUES and not is_special):
                check_function(name, member)

for kind, least in {"classes": 12, "functions": 90, "enumerators": 100}.items():
    if counts[kind] < least:
        wrong.append(f"only {counts[kind]} {kind} were found")
print("\n".join(wrong) or f"documented: {counts}")
sys.exit(1 if wrong else 0)
