#!/usr/bin/env python3
"""Checks `zesvm info --json`: usage check_info.py ZESVM"""
import json
import subprocess
import sys

done = subprocess.run([sys.argv[1], "info", "--json", "--node", "pvc-1"], check=True,
                      capture_output=True, text=True)
report = json.loads(done.stdout)
assert report["simulated"] is True and report["node"] == "pvc-1", report
assert [device["tile"] for device in report["devices"]] == [0, 1], report["devices"]
assert all(device["memory_bytes"] > 0 for device in report["devices"])
assert "simulator" in report["fidelity"]
assert report["topology"], "no topology"

failed = subprocess.run([sys.argv[1], "info", "--json", "--node", "/nowhere.yaml"],
                        capture_output=True, text=True)
assert failed.returncode == 1 and failed.stderr.startswith("zesvm: "), failed
print("right")
