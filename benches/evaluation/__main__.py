"""Measures the cost and the benefit of keeping a job's state: runs undisturbed jobs, and jobs that are killed and resumed with and
without their state. Writes docs/evaluation.md and its plots."""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent / "whole"))

import document
import size
from measure import Timed, adopt, run
from stack import Stack

WORKERS, RATE = 2, 24
# A chunk of profile `draft` has 8 s of programme.
CHUNK_S = 8


def clip(folder, seconds, picture):
    """A moving test picture with a tone."""
    made = folder / f"clip-{seconds}-{picture}.mp4"
    if not made.exists():
        part = made.with_suffix(".part.mp4")
        run(["ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", f"testsrc2=size={picture}:rate={RATE}", "-f", "lavfi",
             "-i", "sine=frequency=440:sample_rate=48000", "-t", str(seconds), "-c:v", "libx264", "-preset", "ultrafast", "-g", str(RATE),
             "-c:a", "aac", "-ac", "2", "-movflags", "+faststart", part])
        part.rename(made)
    return made


class Bench:
    """Deliveries of clips, each a job of its own."""

    def __init__(self, stack, program, folder):
        self.stack, self.program, self.folder, self.count = stack, program, folder, 0

    def manifest(self, mezzanine):
        self.count += 1
        path = self.folder / f"evaluation-{self.count}.xml"
        run([self.program, "manifest", "new", mezzanine, "--out", path, "--force", "--manifest-id", f"evaluation-{self.count}-{os.getpid()}"])
        return path

    def alone(self, mezzanine):
        """An undisturbed job."""
        manifest = self.manifest(mezzanine)
        began = time.monotonic()
        with Timed() as took:
            execution = self.stack.submit(manifest, mezzanine)
            self.stack.watch(execution)
        report = self.stack.report(execution)
        return {"wall_s": time.monotonic() - began, "cpu_s": took.cpu, "execution": execution, "report": report}

    def killed(self, mezzanine, records, keep):
        """Stops a job and kills its workers when the given number of chunks is done, then redrives it. If its state is not kept,
        everything that it wrote to S3 is deleted in between."""
        manifest, before = self.manifest(mezzanine), set(self.stack.keys("jobs/"))
        with Timed() as took:
            first = self.stack.submit(manifest, mezzanine)
            job_key = self.stack.wait_for_records(before, records)
            self.stack.cancel(first)
            in_flight = self.stack.kill_workers()
            chunks = len(self.stack.keys(f"jobs/{job_key}/chunks/"))
            if not keep:
                outputs = [key for key in self.stack.keys("outputs/") if f"/{job_key}/" in key]
                self.stack.forget([*self.stack.keys(f"jobs/{job_key}/"), *outputs])
            resumed = time.monotonic()
            second = self.stack.redrive(first)
            self.stack.watch(second)
            finished = time.monotonic() - resumed
        return {"chunks": chunks, "keep": keep, "in_flight": in_flight, "cpu_s": took.cpu, "finish_s": finished,
                "report": self.stack.report(second)}


def growth(bench, folder, counts):
    """Jobs of increasing length."""
    rows = []
    for chunks in counts:
        row = bench.alone(clip(folder, chunks * CHUNK_S, "640x360"))
        report = row["report"]
        row["history_bytes"] = bench.stack.history_bytes(row["execution"])
        tell(f"{chunks} chunks: {len(report['chunk_encode']['pieces'])} pieces, {report['latency']['seconds']:.1f} s")
        rows.append({"chunks": chunks, **row})
    return rows


def resumes(bench, folder, seconds, rounds):
    """Runs undisturbed jobs, jobs killed with their state and jobs killed without it in turn, so that drift of the machine affects all alike."""
    film = clip(folder, seconds, "1280x720")
    facts = {"seconds": seconds, "alone": [], "killed": []}
    for _ in range(rounds):
        facts["alone"].append(bench.alone(film))
        tell(f"undisturbed: {facts['alone'][-1]['report']['latency']['seconds']:.1f} s")
        chunks = sum(p["piece"].startswith("chunk") for p in facts["alone"][0]["report"]["chunk_encode"]["pieces"])
        facts["chunks"] = chunks
        for share in (0.25, 0.5, 0.75):
            for keep in (True, False):
                row = bench.killed(film, max(1, round(chunks * share)), keep)
                tell(f"killed at {row['chunks']} of {chunks}, state {'kept' if keep else 'lost'}: {row['finish_s']:.1f} s to the end")
                facts["killed"].append({"share": share, **row})
    return facts


def tell(line):
    print(f"evaluate: {line}", file=sys.stderr, flush=True)


def main():
    options = argparse.ArgumentParser(prog="scripts/evaluate", description=__doc__)
    options.add_argument("--root", type=Path, required=True, help=argparse.SUPPRESS)
    options.add_argument("--work", type=Path, required=True, help=argparse.SUPPRESS)
    options.add_argument("--rounds", type=int, default=2, help="how often each kind of disturbance is measured (2)")
    options.add_argument("--seconds", type=int, default=96, help="length of the disturbed programme (96)")
    options.add_argument("--chunks", type=int, nargs="+", default=[4, 8, 16, 32], help="chunks of the programmes that measure growth")
    options.add_argument("--from", dest="facts", type=Path, help="write the document from the facts.json of an earlier run")
    chosen = options.parse_args()
    root, folder = chosen.root.resolve(), chosen.work.resolve()
    if chosen.facts:
        document.write(root, json.loads(chosen.facts.read_text()), size.count(root))
        return
    folder.mkdir(parents=True, exist_ok=True)
    program = Path(os.environ["REELSMITH_BINARIES"]) / "reelsmith"
    if subprocess.run([program, "status", "--environment", "local"], capture_output=True, check=False).returncode == 0:
        raise SystemExit("evaluate: a local stack is running already; end it first: reelsmith down")
    adopt()
    facts = {"date": time.strftime("%Y-%m-%d"), "processors": os.cpu_count(), "load": os.getloadavg()[0], "workers": WORKERS,
             "rounds": chosen.rounds}
    began = time.monotonic()
    stack = Stack(root, program, WORKERS)
    try:
        bench = Bench(stack, program, folder)
        facts["growth"] = growth(bench, folder, chosen.chunks)
        facts["resumes"] = resumes(bench, folder, chosen.seconds, chosen.rounds)
    finally:
        stack.down()
    facts["took_s"] = time.monotonic() - began
    (folder / "facts.json").write_text(json.dumps(facts, indent=1))
    document.write(root, facts, size.count(root))


main()
