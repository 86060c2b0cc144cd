"""The command line of `benchmarks/run.py`."""

import argparse
import sys
from pathlib import Path
from time import monotonic

from rich.console import Console

from benchmarks.case import KERAUNOS, Case
from benchmarks.cases import ALL
from benchmarks.machine import facts
from benchmarks.processes import ENGINE, ONE_THREAD, ROOT, choose_core, run_case, warm_files
from benchmarks.report import markdown, record, show, write_whole
from benchmarks.table import Results, compare, disagreements, failures


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line; unknown cases are refused by name."""
    parser = argparse.ArgumentParser(
        prog="benchmarks/run.py",
        description="Keraunos side by side with Keras 3 and hand-written JAX: fresh processes, one core, in turn.",
        epilog="cases: " + "; ".join(f"{case.name}: {case.about}" for case in ALL.values()),
    )
    parser.add_argument("--cases", help="names with commas, or 'all'; without it all quick enough for every day")
    parser.add_argument("--repeats", type=int, help="runs of each contender (default: 3, import 5; 1 with --quick)")
    parser.add_argument("--quick", action="store_true", help="one run each and fewer steps: about a minute")
    parser.add_argument("--core", type=int, help="the core to pin to (default: the last one allowed)")
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results", help="folder of the files")
    options = parser.parse_args(arguments)
    if options.repeats is not None and options.repeats < 1:
        parser.error(f"argument --repeats: expected at least 1, got {options.repeats}")
    if options.cases in (None, "all"):
        options.cases = [
            case for case in ALL.values() if options.cases or (case.quick if options.quick else case.default)
        ]
        return options
    names = options.cases.split(",")
    unknown = [name for name in names if name not in ALL]
    if unknown:
        parser.error(f"argument --cases: expected some of {', '.join(ALL)}, got {', '.join(unknown)}")
    options.cases = [case for name, case in ALL.items() if name in names]
    return options


def warnings_about(machine: dict, cases: list[Case], results: Results) -> list[str]:
    """What a reader of the table must know."""
    found = [text for case in cases for text in failures(case, results[case.name])]
    found += [text for case in cases for text in disagreements(case, results[case.name])]
    if machine["pinned_to_core"] is None:
        found.append("not pinned to a core: there is no taskset here")
    if (machine["load_before"] or 0) > machine["cores"] / 2:
        found.append(f"load {machine['load_before']} on {machine['cores']} cores before the run: others were at work")
    return found


def main(arguments: list[str] | None = None) -> int:
    """Run, show, write; the exit code is 1 only if keraunos itself failed somewhere."""
    arguments = sys.argv[1:] if arguments is None else arguments
    options = parse(arguments)
    console, begun, results = Console(), monotonic(), {}
    core = choose_core(options.core)
    machine = facts(arguments, core)
    with console.status("warming up") as status:
        warm_files()
        for case in options.cases:
            repeats = options.repeats or (1 if options.quick else case.repeats)
            results[case.name] = run_case(case, repeats, options.quick, core, status.update)

    comparisons = [comparison for case in options.cases for comparison in compare(case, results, ALL)]
    warnings = warnings_about(machine, options.cases, results)
    settings = {"quick": options.quick, "environment": {**ONE_THREAD, **ENGINE}, "seconds": round(monotonic() - begun)}
    show(console, comparisons, warnings)
    readable, raw = options.results / "latest.md", options.results / "latest.json"
    write_whole(readable, markdown(machine, options.cases, comparisons, warnings))
    write_whole(raw, record(machine, settings, results, comparisons, warnings))
    console.print(f"{settings['seconds']} s; written: {readable}, {raw.name}")
    return int(any(outcomes[KERAUNOS].error is not None for outcomes in results.values()))
