"""Runs the media files of a folder through the local stack and judges each result by a plain decode.

The folder may have a table `expected.tsv` with the columns `file` and `expected` (accept, refuse or either). Without a row,
a file may be published or refused. Whatever is published must have the pictures and the sound of a decode with the
distribution's ffmpeg; whatever is refused must have a named error before any encode.
"""

import argparse
import concurrent.futures
import csv
import dataclasses
import pathlib
import shutil
import statistics
import sys

import compare
import product

MEDIA = {".mp4", ".mov", ".mkv", ".webm", ".ts", ".m2ts", ".mpg", ".mxf", ".avi", ".flv", ".m4a", ".mka", ".wav"}
# Of each kind of container and treatment one, for the ordinary tests.
FEW = """mkv__sample.mkv mkv__sample_with_srt.mkv mp4__edit_list_positive_shift.mp4 mp4__hlg10-color-test.mp4
mp4__sample_fragmented.mp4 mp4__sample_portrait.mp4 mp4__sample_vvc.mp4 mp4__sample_shorter_audio.mp4 ts__sample_h265.ts
vp9__bear-vp9-odd-dimensions.webm""".split()


@dataclasses.dataclass
class Verdict:
    file: str
    right: bool
    # What happened: "published" or the name of an error.
    result: str
    seconds: float
    notes: list[str]


def judge(path, row, runner):
    expected = row.get("expected", "either")
    outcome = runner.run(path)
    if outcome.error:
        problems = []
        if expected == "accept":
            problems.append("a playable file is refused")
        # Damage inside pictures is found by the decode of an encode.
        if outcome.encoded and outcome.error != "MezzanineDamaged":
            problems.append("it is refused after an encode")
        if outcome.error in ("unnamed", "CommandFailed"):
            problems.append("the error has no name")
        return Verdict(path.name, not problems, outcome.error, outcome.seconds, problems + [outcome.found])
    problems, notes = compare.published(path, outcome), []
    if expected == "refuse":
        notes.append("published, although the table expects a refusal")
    notes += [f"warns of {name}" for name in sorted({w["name"] for w in outcome.warnings})]
    return Verdict(path.name, not problems, "published", outcome.seconds, problems + notes)


def main():
    parser = argparse.ArgumentParser(prog="scripts/check-corpus", description=__doc__)
    parser.add_argument("folder", nargs="?", type=pathlib.Path, default=pathlib.Path("../shared/corpus/media"))
    parser.add_argument("--only", metavar="TEXT", help="only files whose name contains this text")
    parser.add_argument("--few", action="store_true", help="ten files of different kinds")
    parser.add_argument("--jobs", type=int, default=2, help="files at once")
    parser.add_argument("--binaries", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.folder.is_dir():
        print(f"check-corpus: SKIPPED: {options.folder} does not exist")
        return 0
    table = options.folder / "expected.tsv"
    rows = {}
    if table.exists():
        with table.open() as lines:
            rows = {row["file"]: row for row in csv.DictReader(lines, delimiter="\t") if "file" in row}
    files = sorted(p for p in options.folder.iterdir() if p.suffix.lower() in MEDIA)
    if options.few:
        files = [p for p in files if p.name in FEW]
    if options.only:
        files = [p for p in files if options.only in p.name]
    work = pathlib.Path(".local/corpus-runs")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    verdicts = []
    with product.Stack(options.binaries, work) as stack, concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        futures = [pool.submit(judge, path, rows.get(path.name, {}), stack) for path in files]
        for future in futures:
            verdict = future.result()
            verdicts.append(verdict)
            mark = "right" if verdict.right else "WRONG"
            print(f"{mark}  {verdict.file}  {verdict.result}  {verdict.seconds:.1f} s  {'; '.join(verdict.notes)}", flush=True)
    results = work / "results.tsv"
    with results.open("w") as out:
        writer = csv.writer(out, delimiter="\t")
        writer.writerow(["file", "right", "result", "seconds", "notes"])
        writer.writerows([v.file, v.right, v.result, f"{v.seconds:.1f}", "; ".join(v.notes)] for v in verdicts)
    wrong = [v for v in verdicts if not v.right]
    published = sum(v.result == "published" for v in verdicts)
    refused = [v.seconds for v in verdicts if v.result != "published"]
    print(
        f"check-corpus: {len(verdicts)} files: {published} published, {len(refused)} refused"
        f" (median {statistics.median(refused or [0]):.1f} s), {len(wrong)} wrong; details in {results}"
    )
    return 1 if wrong else 0


sys.exit(main())
