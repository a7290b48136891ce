#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The logs of bench/gpu.sh as results.json and table.md, and a short table on standard output.

    bench/gpu_report.py --logs DIR --out DIR [--commit HASH]

Standard library only. What is not there is said to be not there.
"""
import argparse
import collections
import csv
import datetime
import json
import pathlib
import re
import statistics


def load_json(path):
    """The document, or None when it is absent or broken."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None


def read_steps(logs):
    lines = (logs / "steps.tsv").read_text().splitlines()
    return [dict(zip(("name", "status", "seconds", "why"), line.split("\t"))) for line in lines]


def read_tests(logs):
    """Counts of the GPU tests, names of those that failed or were skipped, the seed. Of a run that
    was ended before it could write its JSON, what its log tells."""
    try:
        log = (logs / "tests.log").read_text(errors="replace")
    except OSError:
        return None
    document = load_json(logs / "tests.json")
    outcomes = outcomes_in_json(document) if document else outcomes_in_log(log)
    if not outcomes:
        return None
    seed = re.search(r"QUICKBEAM_TEST_SEED=(\d+)", log)
    return {"passed": len(outcomes["passed"]), "failed": outcomes["failed"], "skipped": outcomes["skipped"],
            "not_ended": outcomes["not_ended"], "seed": seed and int(seed[1])}


def outcomes_in_json(document):
    """Names of tests by their outcome."""
    outcomes = collections.defaultdict(list)
    for suite in document["testsuites"]:
        for test in suite["testsuite"]:
            if test["status"] == "NOTRUN":
                continue
            outcome = "failed" if "failures" in test else "skipped" if test["result"] == "SKIPPED" else "passed"
            outcomes[outcome].append(f"{test['classname']}.{test['name']}")
    return outcomes


def outcomes_in_log(log):
    """The same from the text of a run; a test that began and did not end is the last of all."""
    outcomes = collections.defaultdict(list)
    running = None
    for mark, name in re.findall(r"^\[ *(RUN|OK|FAILED|SKIPPED) *\] ([^\s,]+)", log, re.MULTILINE):
        if mark == "RUN":
            running = name
        elif name == running:
            outcomes[{"OK": "passed"}.get(mark, mark.lower())].append(name)
            running = None
    if running:
        outcomes["not_ended"].append(running)
    return outcomes


def read_card(logs):
    """The answers of nvidia-smi by their names."""
    try:
        rows = list(csv.reader((logs / "card.log").read_text().splitlines(), skipinitialspace=True))
    except OSError:
        return {}
    return dict(zip(rows[0], rows[1])) if len(rows) > 1 else {}


def number(text):
    return float(text.replace(",", ""))


def read_profile(logs):
    """Medians of the metrics of each kernel, with their units: part by part, in the order of first
    launch."""
    return [kernel for path in sorted(logs.glob("ncu-*.csv")) for kernel in kernels_in(path)]


def kernels_in(path):
    """Of one run of ncu; medians over its launches."""
    lines = [line for line in path.read_text(errors="replace").splitlines() if line.startswith('"')]
    if len(lines) < 3:
        return []
    names, units, *launches = csv.reader(lines)
    kernels = {}
    for launch in launches:
        values = dict(zip(names, launch))
        kernel = re.sub(r"^void |quickbeam::kernels::cuda::|\(anonymous namespace\)::|<unnamed>::|\(.*$", "",
                        values.get("Kernel Name", ""))
        for name, unit in zip(names, units):
            if "__" in name and name in values:  # the last line may be cut
                try:
                    kernels.setdefault(kernel, {}).setdefault(f"{name} [{unit}]", []).append(number(values[name]))
                except ValueError:
                    pass
    return [{"kernel": kernel, "launches": max(map(len, metrics.values())),
             **{name: statistics.median(values) for name, values in metrics.items()}}
            for kernel, metrics in kernels.items()]


def row_line(row):
    goal = ""
    if "must" in row:
        goal = f"{row['must']:g} / {row['aim']:g} ({row['goal']})"
    return (f"| {row['stage']} | {row['input']} | {row['batch']} | {row.get('threads', '')} | {row['us']:.2f} | "
            f"{row['us_min']:.2f} | {row['us_p10']:.2f} to {row['us_p90']:.2f} | {row['bytes'] / 1e6:.3f} | "
            f"{row['gb_s']:.1f} | {row.get('of_bound', float('nan')):.3f} | {row.get('bound', '')} | {goal} | "
            f"{row.get('reached', '')} |").replace("nan", "")


def table(results):
    """The whole of it, in Markdown."""
    bench, tests = results["bench"], results["tests"]
    lines = [f"# {results['title']}", ""]
    lines += [f"- {name}: {value}" for name, value in results["card"].items()]
    lines += [f"- commit: {results['commit']}", f"- date: {results['date']}", ""]
    lines += ["| step | outcome | s | |", "|---|---|---|---|"]
    lines += [f"| {s['name']} | {s['status']} | {s['seconds']} | {s['why']} |" for s in results["steps"]]
    if tests:
        lines += ["", f"GPU tests: {tests['passed']} passed, {len(tests['failed'])} failed, "
                      f"{len(tests['skipped'])} skipped; seed {tests['seed']}."]
        lines += [f"- {kind.replace('_', ' ')}: {name}" for kind in ("failed", "not_ended", "skipped") for name in tests[kind]]
    if bench:
        lines += ["", "Times of one frame. `of bound` = counted bytes a second over the bandwidth named beside.", "",
                  "| stage | frames | batch | threads | us, median | least | 10 to 90 % | MB | GB/s | of bound | bound |"
                  " must / aim | reached |", "|---|---|---|---|---|---|---|---|---|---|---|---|---|"]
        lines += [row_line(row) for row in bench["rows"]]
        lines += [f"- not measured: {f['what']}: {f['why']}" for f in bench["failures"]]
    if results["peers"]:
        lines += ["", "| peer, same card and data | us | quickbeam us | times faster |", "|---|---|---|---|"]
        for peer in results["peers"]["rows"]:
            ours, times = peer.get("quickbeam_us"), peer.get("times_faster")
            lines.append(f"| {peer['name']} | {peer['us']:.3f} | {ours or ''} | {times or ''} |")
        lines += [f"- failed: {peer['name']}: {peer['why']}" for peer in results["peers"]["failed"]]
        lines += [f"- not run: {why}" for why in results["peers"]["not_run"]]
    if results["profile"]:
        names = sorted({name for kernel in results["profile"] for name in kernel} - {"kernel", "launches"})
        lines += ["", "| kernel | launches | " + " | ".join(names) + " |", "|---" * (len(names) + 2) + "|"]
        lines += [f"| `{k['kernel']}` | {k['launches']} | " + " | ".join(f"{k[n]:g}" if n in k else "" for n in names)
                  + " |" for k in results["profile"]]
    return "\n".join(lines) + "\n"


def short_table(results):
    """What one wants to see first."""
    lines = [f"== {results['title']}"]
    tests, bench = results["tests"], results["bench"]
    if tests:
        lines.append(f"GPU tests: {tests['passed']} passed, {len(tests['failed'])} failed, {len(tests['skipped'])} skipped")
        lines += [f"  failed: {name}" for name in tests["failed"][:20]]
        lines += [f"  not ended: {name}" for name in tests["not_ended"]]
    for name, value in (bench or {}).get("bounds_bytes_s", {}).items():
        lines.append(f"{name:32} {value / 1e9:9.1f} GB/s")
    rows = (bench or {}).get("rows", [])
    for row in rows:
        if len(rows) <= 50 or row.get("reached") or "experiment" in row["stage"] or "PNG" in row["stage"] or "latency" in row["stage"]:
            fraction = f"{row['of_bound']:6.3f}" if "of_bound" in row else "      "
            lines.append(f"{row['stage'][:54]:54} {row['input'][:4]:4} b{row['batch']:<3} t{row.get('threads', 0):<3}"
                         f"{row['us']:10.2f} us {fraction} {row.get('reached', '')}")
    lines += [f"not measured: {f['what']}: {f['why']}" for f in (bench or {}).get("failures", [])]
    for peer in (results["peers"] or {}).get("rows", []):
        lines.append(f"peer: {peer['name'][:52]:52} {peer['us']:10.3f} us, times faster: {peer.get('times_faster', '-')}")
    lines += [f"peer failed: {peer['name']}: {peer['why']}" for peer in (results["peers"] or {}).get("failed", [])]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--logs", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--commit", default="unknown")
    options = parser.parse_args()
    bench = load_json(options.logs / "bench.json")
    emulated = bool(bench and bench["facts"]["emulated"])
    card = read_card(options.logs)
    title = "EMULATED: no GPU ran, nothing here is a result" if emulated else card.get("name", "card unknown")
    results = {"title": title, "emulated": emulated, "card": card, "commit": options.commit,
               "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
               "steps": read_steps(options.logs), "tests": read_tests(options.logs), "bench": bench,
               "peers": load_json(options.logs / "peers.json"), "profile": read_profile(options.logs)}
    (options.out / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    (options.out / "table.md").write_text(table(results))
    print(short_table(results))


main()
