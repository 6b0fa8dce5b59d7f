"""Runs a file through the local stack as an operator does: `manifest new`, `run`, `show`."""

import dataclasses
import hashlib
import json
import pathlib
import re
import subprocess

# The state in which pictures and audio are encoded.
ENCODE = "Encode"
# Longer than any file of a corpus takes, on a loaded machine.
TIMEOUT_S = 1_800


@dataclasses.dataclass
class Outcome:
    # The name of the error; empty if the job is COMPLETE.
    error: str = ""
    found: str = ""
    seconds: float = 0.0
    # Whether a refused job had reached an encode.
    encoded: bool = False
    folder: pathlib.Path | None = None
    warnings: list = dataclasses.field(default_factory=list)

    def warned(self, name):
        return any(w["name"] == name for w in self.warnings)


class Stack:
    """The local stack of this checkout; it is ended if it was started here."""

    def __init__(self, binaries, work):
        self.program = str((binaries / "reelsmith").resolve())
        self.work = work

    def __enter__(self):
        self.running = self.call("status").returncode == 0
        done = self.call("up", "--set", "PROFILE=draft", "--set", "MAX_RUNNING_JOBS=4")
        if done.returncode != 0:
            raise SystemExit(done.stderr)
        return self

    def __exit__(self, *_):
        if not self.running:
            self.call("down")

    def call(self, *arguments):
        command = [self.program, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S)

    def run(self, path):
        # Names of executions have at most 80 characters, and a job is found by the beginning of its name.
        digest = hashlib.sha256(path.name.encode()).hexdigest()[:8]
        name = f"{digest}-{re.sub(r'[^A-Za-z0-9]+', '-', path.name)[:30].strip('-')}"
        manifest = self.work / f"{name}.xml"
        drafted = self.call("manifest", "new", path, "--out", manifest, "--force")
        if drafted.returncode != 0:
            return refused(drafted.stderr)
        out = self.work / "out" / name
        ran = self.call("run", manifest, "--mezzanine", path, "--out", out)
        shown = self.call("show", name, "--json")
        if shown.returncode != 0:
            return refused(f"{ran.stderr} {shown.stderr}")
        details = json.loads(shown.stdout)
        execution = details["execution"]
        outcome = Outcome(seconds=execution["seconds"])
        failure = execution.get("failure")
        if failure or execution["status"].lower() != "succeeded":
            failure = failure or {}
            outcome.error = failure.get("error") or failure.get("name") or "unnamed"
            outcome.found = " ".join(json.dumps(failure).split())[:400]
            outcome.encoded = any(state["state"] == ENCODE for state in details["states"])
            return outcome
        report = next(out.rglob("report.json"))
        outcome.folder = report.parent
        outcome.warnings = json.loads(report.read_text()).get("warnings", [])
        return outcome


def refused(text):
    """The outcome of a command that refuses a file; the name of the pipeline's error follows its own."""
    names = re.findall(r"`?\b([A-Z][a-z]+(?:[A-Z][a-z]+)+)\b`?:", text)
    name = next((n for n in names if n != "MezzanineRefused"), "unnamed")
    return Outcome(error=name, found=" ".join(text.split())[:400])
