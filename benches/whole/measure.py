"""Measures wall time and processor time of a command and everything that it starts."""
import ctypes
import os
import subprocess
import time

PR_SET_CHILD_SUBREAPER = 36
TICK = os.sysconf("SC_CLK_TCK")


def adopt():
    """Makes this process the parent of orphaned descendants, so that all are counted."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def descendants():
    """Processor seconds of every living descendant, and of the children that it has waited for."""
    parents, spent = {}, {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(name)] = int(fields[1])
        user, system, children_user, children_system = (int(f) / TICK for f in fields[11:15])
        spent[int(name)] = (user + system, children_user + children_system)
    for process, seconds in spent.items():
        ancestor = parents[process]
        while ancestor not in (0, os.getpid()):
            ancestor = parents.get(ancestor, 0)
        if ancestor:
            yield process, *seconds


def processor_seconds():
    """Processor seconds of all descendants so far, running or ended."""
    own = os.times()
    return own.children_user + own.children_system + sum(own + waited for _, own, waited in descendants())


PARTS = ("ffmpeg and ffprobe", "functions", "local AWS", "command line")


def processor_parts():
    """The same by kind of process. Functions run until the stack ends, so the children that they waited for are ffmpeg."""
    own = os.times()
    parts = dict.fromkeys(PARTS, 0.0) | {"command line": own.children_user + own.children_system}
    for process, seconds, waited in descendants():
        try:
            with open(f"/proc/{process}/cmdline", encoding="utf-8", errors="replace") as file:
                line = file.read()
        except OSError:
            continue
        if "ministack-provided-code" in line.split("\0")[0]:
            parts["functions"] += seconds
            parts["ffmpeg and ffprobe"] += waited
        elif "ministack" in line:
            parts["local AWS"] += seconds
            parts["functions"] += waited
        else:
            parts["command line"] += seconds + waited
    return parts


class Timed:
    """Wall and processor seconds of a `with` block."""

    def __enter__(self):
        self.wall, self.cpu = time.monotonic(), processor_seconds()
        return self

    def __exit__(self, *_):
        self.wall = time.monotonic() - self.wall
        self.cpu = processor_seconds() - self.cpu


def run(command, **options):
    """Runs a command that must succeed and returns its output."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    if done.returncode != 0:
        raise SystemExit(f"bench: {' '.join(map(str, command))[:400]}\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout


def timed(command, **options):
    """Runs a command that must succeed and returns its times."""
    with Timed() as took:
        run(command, **options)
    return took
