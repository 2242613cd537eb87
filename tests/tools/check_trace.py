#!/usr/bin/env python3
"""Checks a trace against the Trace Event Format as chrome://tracing and Perfetto read it, and that
events are there: check_trace.py FILE [CATEGORY/NAME]...

Of the format: one JSON array; each event has name, ph, pid and tid; complete events (X) a time and a
duration, and on one lane they nest; instants (i) a time and a scope; metadata (M) the arguments that
its name asks for."""
import collections
import json
import sys

METADATA = {"process_name": ("name", str), "thread_name": ("name", str),
            "process_sort_index": ("sort_index", int)}
# Lines are written in nanoseconds, with three decimals of a microsecond.
ROUNDING = 0.002


def faults_of_event(event):
    if not isinstance(event, dict):
        return "is no object"
    for key, kind in (("name", str), ("ph", str), ("pid", int), ("tid", int), ("cat", str)):
        if not isinstance(event.get(key), kind):
            return f"has no {key}"
    if not isinstance(event.get("args", {}), dict):
        return "has args that are no object"
    if event["ph"] not in "XiM":
        return f"has the phase {event['ph']}"
    if event["ph"] == "M":
        key, kind = METADATA.get(event["name"], (None, None))
        if key and not isinstance(event.get("args", {}).get(key), kind):
            return f"has no args.{key}"
        return None
    for key in ("ts", "dur") if event["ph"] == "X" else ("ts",):
        if not isinstance(event.get(key), (int, float)) or event[key] < 0:
            return f"has no {key}"
    if event["ph"] == "i" and event.get("s") not in ("t", "p", "g"):
        return "has no scope"
    return None


def nesting_faults(lane, events):
    """Complete events of one lane must be inside one another, or apart."""
    open_until = []
    for event in sorted(events, key=lambda e: (e["ts"], -e["dur"])):
        end = event["ts"] + event["dur"]
        while open_until and open_until[-1][0] <= event["ts"] + ROUNDING:
            open_until.pop()
        if open_until and end > open_until[-1][0] + ROUNDING:
            yield f"{event['name']} and {open_until[-1][1]} overlap on lane {lane}"
        open_until.append((end, event["name"]))


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        events = json.load(file)
    wrong = []
    lanes = collections.defaultdict(list)
    seen = collections.Counter()
    for number, event in enumerate(events):
        fault = faults_of_event(event)
        if fault:
            wrong.append(f"event {number} {fault}: {event}")
            continue
        seen[f"{event['cat']}/{event['name']}"] += 1
        if event["ph"] == "X":
            lanes[event["pid"], event["tid"]].append(event)
    for lane, complete in lanes.items():
        wrong += nesting_faults(lane, complete)
    wrong += [f"no {wanted} in it" for wanted in sys.argv[2:] if not seen[wanted]]
    for name, count in sorted(seen.items()):
        print(f"{count:6} {name}")
    print("\n".join(wrong[:20]) or "right")
    sys.exit(1 if wrong else 0)


main()
