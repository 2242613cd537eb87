#!/usr/bin/env python3
"""Checks `zesvm info` and `zesvm doctor` on Intel's driver without hardware.

usage: check_command.py ZESVM "0.0:1 0.1:0", card and tile of each device and the number of its peer
"""
import json
import os
import subprocess
import sys

command = sys.argv[1]
shown = [device.split(":") for device in sys.argv[2].split()]
labels = [label for label, _ in shown]
card_name = "Intel(R) Graphics [0x0bd5]"


def run(*arguments):
    done = subprocess.run([command, *arguments], capture_output=True, text=True, timeout=60)
    # What the layer complains of is for ctest.
    sys.stderr.write(done.stderr)
    return done


def same(seen, expected, about):
    assert seen == expected, f"{about}\n  is:        {seen!r}\n  should be: {expected!r}"


def tiles_on_card(label):
    return sum(other.split(".")[0] == label.split(".")[0] for other in labels)


def name_of(label):
    return card_name + (f" tile {label.split('.')[1]}" if tiles_on_card(label) > 1 else "")


def capabilities_of(label, peer):
    is_part = tiles_on_card(label) > 1 or os.environ.get("ZE_FLAT_DEVICE_HIERARCHY") == "COMBINED"
    shown_as = "a part of its card" if is_part else "a device of its own"
    for variable in "ZE_FLAT_DEVICE_HIERARCHY", "ZE_AFFINITY_MASK":
        if variable in os.environ:
            shown_as += f", {variable}={os.environ[variable]}"
    # Tiles of one card share everything, which the driver says only where there is no other card.
    is_one_card = len(shown) == 1 or len(shown) == 2 and all(peer for _, peer in shown)
    everything = "read and write, atomics, concurrent, concurrent atomics"
    # A card is the driver's own invention here: 16 GiB a tile, of which it gives programs 80 %.
    return {
        "memory": "13107 MiB, single allocations of up to 13107 MiB",
        "its own shared allocations": "read and write, atomics",
        "shared allocations of others": everything if is_one_card else "no",
        "host allocations": "read and write",
        "any memory of the program": "no",
        "page faults": "no",
        "virtual memory": "pages of 64 KiB, physical memory on device and host",
        "peers, says the driver": peer or "none",
        "shown as": shown_as,
        "backing": f"shared: {name_of(labels[0])} cannot use any pointer of the program",
    }


def device_of(index, label, peer):
    card, tile = map(int, label.split("."))
    return {
        "index": index, "label": label, "name": name_of(label), "card": card, "tile": tile,
        "tiles_on_card": tiles_on_card(label), "memory_bytes": 13743894528,
        "execution_units": 64, "max_group_size": 1024, "local_memory_bytes": 131072,
        "page_faults": False, "shared_system_memory": False,
        "capabilities": capabilities_of(label, peer),
    }


def data_of(label, peer_label):
    """What is said of data sent between two tiles: what the driver offers is tried, and found wanting."""
    peer = dict(shown)[label]
    return "failed" if peer and labels[int(peer)] == peer_label else "not checked"


def check_info_json():
    done = run("info", "--json")
    same(done.returncode, 0, done)
    report = json.loads(done.stdout)
    same(report["simulated"], False, "simulated")
    same(report["without_hardware"], True, "without_hardware")
    for index, (label, peer) in enumerate(shown):
        same(report["devices"][index], device_of(index, label, peer), f"device {label}")
    same(len(report["devices"]), len(shown), "devices")
    topology = report["topology"]
    # Nobody is in one owner with a tile whose data it could not read.
    same(topology["owners"], [[label] for label in labels], "owners")
    same(topology["contradictions"], [], "contradictions")
    links = {(link["from"], link["to"]): link for link in topology["links"]}
    for label in labels:
        for other in labels:
            if label != other:
                same(links[label, other]["data"], data_of(label, other), f"{label} to {other}")


def check_info_text():
    done = run("info")
    same(done.returncode, 0, done)
    text = done.stdout
    assert text.startswith("No GPU: Intel's driver was told to run without hardware"), text
    for label, peer in shown:
        assert f"\n  {label}   {card_name}, PCI address unknown" in text, label
        lines = text.split("\nCapabilities\n")[1].split(f"  {label}   ")[1].splitlines()
        assert lines[0].startswith(f"{name_of(label)}: 64 EUs, groups of up to 1024 items, "), lines
        expected = [f"      {about:<30}{fact}" for about, fact in capabilities_of(label, peer).items()]
        same(lines[1:1 + len(expected)], expected, f"capabilities of {label}")
    is_found_wrong = "the driver reports peer access, but data was read back wrong" in text
    same(is_found_wrong, any(peer for _, peer in shown), "peers that are found wrong")


def check_doctor():
    done = run("doctor", "--json", "--bytes", "262144")
    report = json.loads(done.stdout)
    same((done.returncode, report["verdict"], report["without_hardware"]), (3, "no_gpu", True),
         "verdict")
    same(report["simulated"], False, "simulated")
    outcomes = {test["name"]: test["outcome"] for test in report["self_tests"]}
    begun = {name: outcome for name, outcome in outcomes.items() if outcome != "not run"}
    same(begun, {"drivers": "ok", "devices": "ok", "kernels": "failed"}, "what was tried")
    kernels = next(test for test in report["self_tests"] if test["name"] == "kernels")
    same(len(kernels["steps"]), len(shown), "kernels that were tried")
    for step in kernels["steps"]:
        assert "it wrote nothing" in step["what"], step
    problems = [finding for finding in report["findings"]["environment"]
                if finding["grade"] == "problem"]
    same([problem["remedy"] for problem in problems],
         ["unset SetCommandStreamReceiver NEOReadDebugKeys"], "problems")
    text = run("doctor", "--bytes", "262144").stdout
    assert "THERE IS NO GPU BEHIND THE DEVICES" in text, text
    assert "attach a report" not in text, "nothing of this is for an issue"
    assert " ".join(text.split()).endswith(
        "Try again after: unset SetCommandStreamReceiver NEOReadDebugKeys"), text


check_info_json()
check_info_text()
check_doctor()
