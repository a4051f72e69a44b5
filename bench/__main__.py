"""`make bench`: what turns, tokens, idle sockets and a start cost, beside a plain proxy.

Everything stands and is measured in turn in one run, round after round, since figures alone say
more of the machine than of the code: only ratios within a run compare. The model is scripted, and
every reply is held to be whole and in order. Processor time is that of the server alone.

    make bench                              all of it, half an hour on two cores
    make bench ARGS=quick                   one round of the most important, four minutes
    make bench ARGS="--only turns,paced --beside ../other-checkout"
"""

import argparse
import asyncio
import compileall
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench.server import measures
from bench.server.report import Report
from bench.server.sites import Floor, Proxy, Server, Site, start_model
from tests.harness.clerk import ROOT
from tests.harness.server import KINDS

ROOMS = ("conversations", "project", "providers", "streaming")
# "idle" before what makes a server grow; "statements" are counted on PostgreSQL.
PARTS = (
    *("start", "idle", "turns", "history", "herd", "paced", "saturation", "release", "statements"),
    "uploads",
)
STREAMS = {True: [100], False: [1, 10, 100, 300, 600]}  # of the quick run, and of the whole
QUICK = ("start", "turns", "herd", "paced", "saturation", "release")


def sites(options: argparse.Namespace, model_port: int, stack: ExitStack) -> list[Site]:
    """Everything that is measured, started."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    started: list[Site] = [Proxy(model_port, stack)]
    started += [Floor(model_port, stack, f"floor {kind}", kind) for kind in options.servers]
    checkouts = {"": ROOT} | {f" {path.name}": path.resolve() for path in options.beside}
    for label, checkout in checkouts.items():
        for room in ROOMS:  # as an installed server is
            compileall.compile_dir(checkout / room, quiet=1)
        for kind in options.servers:
            server = Server(
                kind, label, checkout, folder, model_port, stack, postgresql=options.postgresql
            )
            started.append(server)
    return started


async def measure(
    site: Site, door: str, part: str, quick: bool, model_port: int
) -> dict[str, float]:
    """The figures of one part, empty where it has none for this site and door."""
    match part:
        case "start" if door == "v1":
            return {
                "start to ready, s": site.start_s,
                "CPU s of a start": site.start_cpu_s,
                "MiB after the start": site.start_mib,
            }
        case "turns":
            return await measures.turns(site, door, 50 if quick else 200)
        case "history" if door == "socket":
            few = await measures.turns(site, door, 20, history=10)
            return few | await measures.turns(site, door, 20, history=5000)
        case "herd":
            return await measures.herd(site, door)
        case "paced":
            figures: dict[str, float] = {}
            for streams in STREAMS[quick]:
                figures |= await measures.paced(site, door, streams)
            return figures
        case "saturation":
            return await measures.saturation(site, door)
        case "statements" if isinstance(site, Server) and site.postgresql:
            return await measures.statements(site, door)
        case "release" if door == "v1":
            return await measures.release(site, model_port, 10)
        case "uploads" if door == "socket" and isinstance(site, Server):
            return await measures.uploads(site)
        case "idle" if door == "socket" and isinstance(site, Server | Floor):
            return await measures.idle(site, 500)
    return {}


async def run(options: argparse.Namespace, report: Report) -> None:
    with ExitStack() as stack:
        model_port = start_model(stack)
        standing = sites(options, model_port, stack)
        for number in range(options.rounds):
            for part in options.only:
                for site in standing:
                    for door in site.doors:
                        figures = await measure(site, door, part, options.quick, model_port)
                        report.add(f"{site.name} {door}", figures)
                print(f"round {number + 1} of {options.rounds}: {part}", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="make bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    names = parser.add_argument
    names("quick", nargs="?", choices=["quick"], help="one round of the most important")
    names("--rounds", type=int, help="so many rounds (3, quick: 1)")
    names("--only", help="parts, with commas: " + ", ".join(PARTS))
    names("--streams", help="paced at once, with commas: 100, or from 1 to 600")
    names("--servers", default=",".join(KINDS), help="daphne, uvicorn, or both")
    names("--beside", type=Path, action="append", default=[], help="another checkout, measured too")
    names("--postgresql", action="store_true", help="on PostgreSQL instead of SQLite")
    names("--json", type=Path, default=Path("test-output/bench.json"))
    options = parser.parse_args()
    options.quick = options.quick is not None
    options.rounds = options.rounds or (1 if options.quick else 3)
    options.only = (options.only.split(",")) if options.only else QUICK if options.quick else PARTS
    if options.streams:
        STREAMS[options.quick] = [int(number) for number in options.streams.split(",")]
    options.servers = options.servers.split(",")
    report = Report()
    asyncio.run(run(options, report))
    print(report.table())
    options.json.parent.mkdir(exist_ok=True)
    report.write(options.json)
    print(f"\nAll values: {options.json}")


if __name__ == "__main__":
    main()
