#!/usr/bin/env python3
"""Checks `zesvm doctor`: usage check_doctor.py ZESVM BREAKING_DRIVER, a driver that crashes and hangs"""
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile

command, breaking_driver = sys.argv[1:3]
small = ["--bytes", "262144"]


def doctor(*arguments, **variables):
    return subprocess.run([command, "doctor", *arguments], capture_output=True, text=True,
                          env={**os.environ, **variables})


def outcomes(report):
    return {test["name"]: test["outcome"] for test in report["self_tests"]}


def check_node(node, atomics_in_ordinary_memory):
    done = doctor("--json", "--node", node, *small)
    report = json.loads(done.stdout)
    assert report["simulated"] and report["node"] == node, report
    found = outcomes(report)
    assert found["system/atomics"] == atomics_in_ordinary_memory, found
    failed = [name for name, outcome in found.items() if outcome == "failed"]
    assert not failed, report["self_tests"]
    assert not {"crashed", "timed out"} & set(found.values()), found
    assert done.returncode == report["exit_code"] == 0, done
    assert report["backings"]["shared"]["outcome"] == "ok", report["backings"]
    assert report["backings"]["paged"]["outcome"] in ("ok", "limited"), report["backings"]


def check_report():
    with tempfile.TemporaryDirectory() as scratch:
        file = os.path.join(scratch, "report.md")
        done = doctor("--node", "arc-2", "--report", file, *small)
        assert done.returncode == 0 and "THE DEVICES ARE SIMULATED" in done.stdout, done
        with open(file, encoding="utf-8") as report:
            text = report.read()
        assert text.startswith(done.stdout.rstrip()), "the report begins with what was printed"
        assert json.loads(text.split("```json\n")[1].split("```")[0])["version"] == 1
        failed = doctor("--host-only", "--report", os.path.join(scratch, "no", "where"))
        assert failed.returncode == 1 and failed.stderr.startswith("zesvm: "), failed


def check_breaking_driver():
    done = doctor("--json", "--node", "small-2", "--time-limit", "15", *small,
                  ZESVM_SIM_DRIVER=breaking_driver, ZESVM_TEST_CRASH="shared/atomics",
                  ZESVM_TEST_HANG="paged/turns")
    assert done.returncode == 2, done
    report = json.loads(done.stdout)
    found = outcomes(report)
    assert found["shared/atomics"] == "crashed" and found["paged/turns"] == "timed out", found
    assert found["shared/devices"] == found["paged/prefetch"] == "ok", found
    steps = [test["steps"] for test in report["self_tests"] if test["name"] == "shared/atomics"]
    assert "SIGSEGV" in steps[0][-1]["what"], steps


def check_driver_that_fails():
    done = doctor("--json", "--node", "small-2", *small, ZESVM_FAIL="copy:1/1")
    assert done.returncode == 2, done
    assert "failed" in outcomes(json.loads(done.stdout)).values(), done.stdout


def check_driver_that_lies():
    done = doctor("--json", "--node", "bmg-2", *small, ZESVM_FAIL="peer:1/1")
    found = outcomes(json.loads(done.stdout))
    assert found["peers"] == "limited", found


def check_no_driver():
    real = doctor("--json", ZESVM_BACKEND="levelzero")
    assert real.returncode == 3, real
    assert outcomes(json.loads(real.stdout))["shared/turns"] == "not run", real.stdout
    none = doctor(ZESVM_SIM_DRIVER="/nowhere/driver.so")
    assert none.returncode == 3 and "No GPU can be used" in none.stdout, none
    assert "/nowhere/driver.so" in none.stdout, none


def check_command_line():
    for arguments in (["--bytes", "1"], ["--time-limit", "soon"], ["--what"]):
        assert doctor(*arguments).returncode > 3, arguments
    assert doctor("--self-test", "no-such-test").returncode == 1


with concurrent.futures.ThreadPoolExecutor(2) as pool:
    checks = [pool.submit(check_breaking_driver), pool.submit(check_node, "bmg-2", "ok"),
              pool.submit(check_node, "arc-2", "limited"), pool.submit(check_node, "pvc-1", "limited"),
              pool.submit(check_report), pool.submit(check_driver_that_fails),
              pool.submit(check_driver_that_lies), pool.submit(check_no_driver),
              pool.submit(check_command_line)]
for check in checks:
    check.result()
print("right")
