"""What a command and everything that it starts take: wall time and processor time."""
import ctypes
import os
import subprocess
import time

PR_SET_CHILD_SUBREAPER = 36
TICK = os.sysconf("SC_CLK_TCK")


def adopt():
    """Makes this process the parent of every descendant whose own parent has ended, so that none escapes the count."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def processor_seconds():
    """Processor seconds of all descendants so far: of those that run, and of all that were waited for by a parent."""
    parents, spent = {}, {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(name)] = int(fields[1])
        spent[int(name)] = sum(map(int, fields[11:15])) / TICK
    own = os.times()
    total = own.children_user + own.children_system
    for process in spent:
        ancestor = parents[process]
        while ancestor not in (0, os.getpid()):
            ancestor = parents.get(ancestor, 0)
        if ancestor:
            total += spent[process]
    return total


class Timed:
    """Wall and processor seconds of what happens inside of a `with`."""

    def __enter__(self):
        self.wall, self.cpu = time.monotonic(), processor_seconds()
        return self

    def __exit__(self, *_):
        self.wall = time.monotonic() - self.wall
        self.cpu = processor_seconds() - self.cpu


def run(command, **options):
    """Runs a command that must succeed; its output."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    if done.returncode != 0:
        raise SystemExit(f"bench: {' '.join(map(str, command))[:400]}\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout


def timed(command, **options):
    """Runs a command that must succeed; what it took."""
    with Timed() as took:
        run(command, **options)
    return took
