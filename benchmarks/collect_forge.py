"""What collecting from a forge costs: requests, GraphQL points and time, by a server's own count, beside Perceval in the same run.

    python benchmarks/collect_forge.py [--json] [--changes N] [--latency SECONDS] [--peers-python PATH] [--only github|gitlab]
    python benchmarks/collect_forge.py --changes 100000 --latency 0 --only github --kills 10

The forges are made up and on this machine (forge_population states the population: per change request reviews of median 2, 5 % over
30; comments of median 3, 2 % over 100; 40 % with threads), and answer after --latency. What is measured is the whole command, `calibrant
collect github` or `collect gitlab`, storing in a new SQLite ledger included, in a process of its own; without mirrors, which ask
nothing of the API. A second command finds nothing new.

requests_per_1000   GitHub: change requests and reviews. GitLab: everything, lists, discussions, approvals
points_per_1000     of GraphQL for the same, by GitHub's published formula; GitLab's REST has none
comments, threads   requests for conversations that pages cut off, and for threads, which are asked for only where there are any
requests_when_idle  of the whole second command; finding the repository takes one of them, and on GitLab checking the token another
seconds_per_1000    wall time of the whole first command at the latency
kills               with --kills, the first command is killed (SIGKILL) that often, at even distances of requests, and started again each
                    time; peak_mib is then the largest of all of them, and nothing is collected twice or lost if `changes_stored` is N
peer                Perceval's requests for pull requests of the same GitHub, and its time; optional, its Python is given as --peers-python
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import github_server, gitlab_server  # noqa: E402
from benchmarks.forge_population import Population  # noqa: E402
from benchmarks.github_rows import Rows  # noqa: E402

TOKEN = gitlab_server.TOKEN
PERCEVAL = """
import sys
from perceval.backends.core.github import GitHub
rows = sum(1 for _ in GitHub("acme", "engine", api_token=["made-up-token"], base_url=sys.argv[1]).fetch("pull_request"))
print('{"rows": %d}' % rows)
"""


def spent(command: list[str], folder: Path) -> dict[str, Any]:
    """Wall and CPU seconds and peak memory of a command, and the JSON it says last."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, env=environment(folder), cwd=folder, check=False)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        return {"failed": " ".join(done.stderr.split("\n")[-3:]).strip()[:300] or f"exit {done.returncode}"}
    said = done.stdout.strip().rpartition("\n")[2]
    return {
        "wall_s": wall,
        "cpu_s": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "peak_mib": after.ru_maxrss / 1024,
        "said": json.loads(said) if said[:1] in ("{", "[") else None,
    }


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "FORGE": TOKEN, "CALIBRANT_LEDGER": f"sqlite:///{folder}/l.db"}


def calibrant(folder: Path, *words: str) -> dict[str, Any]:
    return spent([sys.executable, "-m", "calibrant", *words, "--json"], folder)


def killed(folder: Path, words: Sequence[str], requests: Counter[str], at: Sequence[int]) -> float:
    """The command started as often as `at` names a number of requests, and killed when so many were made. Peak memory in MiB."""
    peak = 0
    for number in at:
        command = [sys.executable, "-m", "calibrant", *words]
        run = subprocess.Popen(command, env=environment(folder), cwd=folder, stdout=subprocess.DEVNULL)
        while requests.total() < number and os.waitid(os.P_PID, run.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            time.sleep(0.01)
        run.send_signal(signal.SIGKILL)
        _, status, usage = os.wait4(run.pid, 0)
        if not os.WIFSIGNALED(status):
            raise SystemExit(f"the command had ended before request {number:,}")
        run.returncode = -signal.SIGKILL
        peak = max(peak, usage.ru_maxrss)
    return peak / 1024


def collected(
    folder: Path,
    kind: str,
    url: str,
    requests: Counter[str],
    *what: str,
    points: Counter[str] | None = None,
    kill_at: Sequence[int] = (),
) -> dict[str, Any]:
    """Two runs of the command: what the first costs, and what the second asks when nothing is new."""
    calibrant(folder, "init")
    words = ("collect", kind, *what, "--base-url", url, "--token-env", "FORGE", "--no-mirror")
    peak = killed(folder, words, requests, kill_at)
    first = calibrant(folder, *words)
    counted, cost = Counter(requests), Counter(points)
    if "failed" in first:
        return first
    second = calibrant(folder, *words)
    return {
        "kills": len(kill_at),
        "changes_stored": stored(folder, "change_request"),
        "artefacts": stored(folder),
        "requests": counted,
        "points": cost,
        "requests_when_idle": (requests - counted).total(),
        "wall_s": first["wall_s"],
        "cpu_s": first["cpu_s"],
        "peak_mib": round(max(first["peak_mib"], peak)),
        "idle_wall_s": round(second.get("wall_s", float("nan")), 1),
    }


def stored(folder: Path, kind: str = "%") -> int:
    """Artefacts of a kind in the ledger."""
    with closing(sqlite3.connect(folder / "l.db")) as ledger:
        return int(ledger.execute("SELECT count(*) FROM artefact WHERE kind LIKE ?", (kind,)).fetchone()[0])


def per_thousand(figures: dict[str, Any], changes: int) -> dict[str, Any]:
    """The figures that both forges have, the rest as it is."""
    return {
        "changes": changes,
        "seconds_per_1000": round(figures.pop("wall_s") * 1_000 / changes, 1),
        "cpu_seconds_per_1000": round(figures.pop("cpu_s") * 1_000 / changes, 2),
        **figures,
    }


def evenly(kills: int, requests: float) -> list[int]:
    """Numbers of requests to kill at, if about so many are to be made."""
    return [round(requests * (turn + 1) / (kills + 1)) for turn in range(kills)]


def github(folder: Path, changes: int, latency: float, peers: str | None, kills: int) -> dict[str, Any]:
    server = github_server.GitHub(Rows(Population(changes)), latency=latency, limit=0)
    with github_server.serving(server) as url:
        at = evenly(kills, changes / 25)
        figures = collected(folder, "github", url, server.requests, "acme/engine", points=server.points, kill_at=at)
        if "failed" in figures:
            return figures
        counted: Counter[str] = figures["requests"]
        points: Counter[str] = figures.pop("points")

        def each(*operations: str, of: Mapping[str, int] = counted) -> float:
            return round(sum(of.get(one, 0) for one in operations) * 1_000 / changes, 1)

        return {
            "requests_per_1000": each("Changes", "Reviews"),
            "points_per_1000": each("Changes", "Reviews", of=points),
            "comments": {"requests_per_1000": each("Comments"), "points_per_1000": each("Comments", of=points)},
            "threads": {"requests_per_1000": each("Threads"), "points_per_1000": each("Threads", of=points)},
            **per_thousand(figures, changes),
            "peer": perceval(folder, url, server, changes, peers),
        }


def perceval(folder: Path, url: str, server: github_server.GitHub, changes: int, python: str | None) -> dict[str, Any]:
    """Perceval's requests for the pull requests of the same server."""
    if python is None:
        return {"failed": "not asked for (--peers-python)"}
    before = server.requests.total()
    done = spent([python, "-c", PERCEVAL, url], folder)
    if "failed" in done:
        return done
    return {
        "name": "Perceval",
        "requests_per_1000": round((server.requests.total() - before) * 1_000 / changes),
        "seconds_per_1000": round(done["wall_s"] * 1_000 / changes, 1),
        "cpu_seconds_per_1000": round(done["cpu_s"] * 1_000 / changes, 2),
        "rows": done["said"]["rows"],
    }


def gitlab(folder: Path, changes: int, latency: float, kills: int) -> dict[str, Any]:
    project = gitlab_server.Project(42, "acme/engine", Population(changes))
    forge = gitlab_server.GitLab([project], latency=latency, rate_limit=None)
    with gitlab_server.serving(forge):
        at = evenly(kills, changes)
        figures = collected(folder, "gitlab", forge.url, forge.requests, "--group", "acme", kill_at=at)
    if "failed" in figures:
        return figures
    total = figures["requests"].total()
    del figures["points"]
    return {
        "requests_per_1000": round(total * 1_000 / changes, 1),
        "points_per_1000": 0,
        **per_thousand(figures, changes),
    }


def table(results: Mapping[str, Mapping[str, Any]], latency: float) -> str:
    lines = [f"per 1,000 change requests at {latency * 1000:.0f} ms latency"]
    for name, one in results.items():
        if "failed" in one:
            lines.append(f"{name}: failed: {one['failed']}")
            continue
        lines.append(
            f"{name}: {one['requests_per_1000']:g} requests, {one['points_per_1000']:g} points, {one['seconds_per_1000']:g} s"
            f" ({one['cpu_seconds_per_1000']:g} s CPU), idle {one['requests_when_idle']} requests,"
            f" {one['artefacts']:,} artefacts, {one['changes_stored']:,} of {one['changes']:,} change requests, {one['peak_mib']} MiB,"
            f" {one['kills']} kills"
        )
        parts = [part for part in ("comments", "threads") if part in one]
        lines += [f"  {part}: {one[part]['requests_per_1000']:g} requests" for part in parts]
        lines.append("  by kind: " + ", ".join(f"{kind} {count:,}" for kind, count in sorted(one["requests"].items())))
        if "peer" in one:
            lines.append(f"  peer: {json.dumps(one['peer'], sort_keys=True)}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--changes", type=int, default=1_000)
    parser.add_argument("--latency", type=float, default=0.1, help="seconds before every answer (default 0.1)")
    parser.add_argument("--peers-python", metavar="PATH", help="Python of an environment with perceval")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--only", choices=("github", "gitlab"))
    asked = parser.parse_args()
    results: dict[str, dict[str, Any]] = {}
    if asked.only != "gitlab":
        with tempfile.TemporaryDirectory() as folder:
            results["github"] = github(Path(folder), asked.changes, asked.latency, asked.peers_python, asked.kills)
    if asked.only != "github":
        with tempfile.TemporaryDirectory() as folder:
            results["gitlab"] = gitlab(Path(folder), asked.changes, asked.latency, asked.kills)
    print(json.dumps(results, sort_keys=True) if asked.json else table(results, asked.latency))
    if any("failed" in one for one in results.values()):
        sys.exit(1)


if __name__ == "__main__":
    main()
