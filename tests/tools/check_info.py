#!/usr/bin/env python3
"""Checks `zesvm info`: usage check_info.py ZESVM MACHINES, a folder of hwloc exports"""
import json
import os
import subprocess
import sys
import tempfile

command, machines = sys.argv[1:3]


def info(*arguments):
    return subprocess.run([command, "info", *arguments], capture_output=True, text=True)


def report(*arguments):
    done = info("--json", *arguments)
    assert done.returncode == 0, done
    return json.loads(done.stdout)


def check_simulated_node():
    found = report("--node", "pvc-1")
    assert found["simulated"] is True and found["node"] == "pvc-1", found
    assert [device["tile"] for device in found["devices"]] == [0, 1], found["devices"]
    assert all(device["memory_bytes"] > 0 for device in found["devices"])
    assert "simulator" in found["fidelity"]
    links = {(link["from"], link["to"]): link for link in found["topology"]["links"]}
    link = links["0.0", "0.1"]
    assert link["data"] == "verified" and link["letters"] == "TL", link
    assert link["sources"]["atomics"] == "level zero", link
    assert found["topology"]["free_bytes"]["0.0"] > 0
    assert not found["topology"]["contradictions"], found["topology"]["contradictions"]


def check_recording(folder):
    record, picture = os.path.join(folder, "r.json"), os.path.join(folder, "p.svg")
    done = info("--node", "arc-2", "--record", record, "--svg", picture)
    assert done.returncode == 0 and "PHB" in done.stdout, done
    assert "through the host, because\n  0.0-1.0, 1.0-0.0: the driver reports no peer access" \
        in done.stdout, done.stdout
    with open(picture, encoding="utf-8") as file:
        assert "No peer access" in file.read()
    # Without the node file, what the driver says is all there is.
    found = report("--recording", record)["topology"]
    assert len(found["devices"]) == 2 and len(found["owners"]) == 2, found
    assert found["devices"][0]["pci_source"] == "sysman", found["devices"]


def check_hwloc():
    done = info("--hwloc", os.path.join(machines, "workstation-b580-3.xml"))
    if "built without hwloc" in done.stderr:
        return
    assert "PIX" in done.stdout and "Level Zero could not be asked" in done.stdout, done


def check_refusals():
    for arguments in (["--json", "--node", "/nowhere.yaml"], ["--recording", "/nowhere.json"],
                      ["--hwloc", "/nowhere.xml"], ["--recording", __file__]):
        failed = info(*arguments)
        assert failed.returncode == 1 and failed.stderr.startswith("zesvm: "), failed


check_simulated_node()
with tempfile.TemporaryDirectory() as scratch:
    check_recording(scratch)
check_hwloc()
check_refusals()
print("right")
