"""Records what `reelsmith run` draws on a terminal, for scripts/screenshots: the bytes up to the moment at which most happens.

The checkout is used as it is, with a stack of its own in a temporary `.local`, which ends with the recording.
"""

import fcntl
import json
import os
import pty
import select
import struct
import subprocess
import sys
import tempfile
import termios

ROWS, COLUMNS = 40, 96
CHECKOUT = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))
COMMAND = os.path.join(CHECKOUT, "target/debug/reelsmith")
# Enough chunks for a grid, few enough for a minute; one rung would be no picture.
SETTINGS = ["--set", "PROFILE=draft", "--set", "MAX_CONCURRENCY=2"]


def checkout(folder):
    """A checkout whose `.local` is its own."""
    for part in ("terraform", "functions", "statemachine"):
        os.symlink(os.path.join(CHECKOUT, part), os.path.join(folder, part))
    environment = dict(os.environ, REELSMITH_ROOT=folder, TERM="xterm-256color", COLORTERM="truecolor")
    environment["REELSMITH_MINISTACK"] = os.path.join(CHECKOUT, ".local/venv/bin/ministack")
    return environment


def mezzanine(folder, environment):
    source = "testsrc2=size=1280x720:rate=24:duration=96"
    tone = "sine=frequency=440:sample_rate=48000:duration=96"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-f", "lavfi", "-i", tone]
        + ["-c:v", "libx264", "-preset", "ultrafast", "-g", "48", "-c:a", "aac", "pilot.mp4"],
        cwd=folder,
        check=True,
    )
    new = [COMMAND, "manifest", "new", "pilot.mp4", "--out", "pilot.xml"]
    subprocess.run(new, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)


def record(arguments, folder, environment):
    """Everything that is drawn, in the pieces in which it arrives."""
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    process = subprocess.Popen(
        arguments, cwd=folder, env=environment, stdin=child, stdout=child, stderr=child, start_new_session=True
    )
    os.close(child)
    pieces = []
    while True:
        ready, _, _ = select.select([parent], [], [], 1.0)
        if not ready:
            if process.poll() is not None:
                break
            continue
        try:
            piece = os.read(parent, 65536)
        except OSError:
            break
        if not piece:
            break
        pieces.append(piece.decode("utf-8", "replace"))
    process.wait()
    if process.returncode != 0:
        sys.exit("".join(pieces) + f"\nrecord_terminal: the command ended with {process.returncode}")
    return pieces


def fullest(pieces):
    """How many pieces lead to the picture with most to see: chunks done, chunks under way, chunks to come."""
    best, most = len(pieces), -1
    for n, piece in enumerate(pieces):
        kinds = [piece.count(glyph) for glyph in "■▣·"]
        worth = min(kinds[0], 12) + 4 * min(kinds[1], 2) + min(kinds[2], 6) if all(kinds[:2]) else 0
        # A picture may come in two pieces: only one with its last line is whole.
        if worth >= most and "left" in piece and "NotifySuccess" in piece[-300:]:
            best, most = n + 1, worth
    return best


def main():
    with tempfile.TemporaryDirectory(prefix="reelsmith-terminal-") as folder:
        environment = checkout(folder)
        quiet = {"cwd": folder, "env": environment, "check": True, "stdout": subprocess.DEVNULL}
        mezzanine(folder, environment)
        subprocess.run([COMMAND, "up", *SETTINGS], stderr=subprocess.DEVNULL, **quiet)
        try:
            submitted = subprocess.run(
                [COMMAND, "submit", "pilot.xml"], cwd=folder, env=environment, check=True, capture_output=True, text=True
            )
            name = submitted.stdout.strip()
            pieces = record([COMMAND, "watch", name], folder, environment)
        finally:
            subprocess.run([COMMAND, "down"], **quiet)
    shown = {"rows": ROWS, "columns": COLUMNS, "typed": "reelsmith watch", "pieces": pieces[: fullest(pieces)]}
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        json.dump(shown, out)


if __name__ == "__main__":
    main()
