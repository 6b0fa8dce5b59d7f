#!/usr/bin/env python3
"""Records one long run of scripts/test --full as a row of docs/full-run.md.

Usage: record_full_run.py NAME VERDICT SECONDS PATTERN LOG
"""

import pathlib
import re
import subprocess
import sys

PAGE = pathlib.Path(__file__).parent.parent / "docs/full-run.md"
HEAD = """# Full run

The last result of each long run of `scripts/test --full`, written by that command. A row holds the commit that was tested,
`+` after it if the working tree had changes, and the figures that the run printed.

| run | commit | result | seconds | figures |
|---|---|---|---:|---|
"""
# Enough to judge a run by; the log in .local/full-run has everything.
MOST_FIGURES = 12


def git(*arguments):
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True).stdout.strip()


def main():
    name, verdict, seconds, pattern, log = sys.argv[1:]
    lines = pathlib.Path(log).read_text(errors="replace").splitlines()
    figures = [line.strip().replace("|", "\\|") for line in lines if re.search(pattern, line.strip())]
    # A program without a matching test says so, which is no figure.
    figures = [line for line in figures if "; 0 passed; 0 failed;" not in line and ". 0 passed; 0 failed;" not in line]
    commit = git("rev-parse", "--short", "HEAD") + ("+" if git("status", "--porcelain", "--", ":!docs") else "")
    row = f"| {name} | {commit} | {verdict} | {seconds} | {'<br>'.join(figures[-MOST_FIGURES:])} |"
    rows = {}
    if PAGE.exists():
        for line in PAGE.read_text().splitlines():
            cell = line.split("|")[1].strip() if line.startswith("| ") else ""
            if cell and cell != "run":
                rows[cell] = line
    rows[name] = row
    PAGE.write_text(HEAD + "\n".join(rows.values()) + "\n")


main()
