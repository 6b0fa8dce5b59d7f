"""Runs each tool in turn and writes docs/performance.md."""
import argparse
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import document
import footage
import worker
from contenders import Av1an, Ffmpeg, Reelsmith, ShakaStreamer, Work, clean
from measure import Timed, adopt, processor_parts, run
from quality import frames, media_bytes, picture_bytes, ssim

RATE, SIZE = 25, (1280, 720)


def mezzanine(folder, seconds):
    """Makes the mezzanine: repeated footage as ProRes 422 HQ with sound."""
    made = folder / f"mezzanine-{seconds}s.mov"
    if not made.exists():
        part = made.with_suffix(".part.mov")
        run(["ffmpeg", "-v", "error", "-nostdin", "-y", "-stream_loop", "-1", "-i", footage.find(), "-map", "0:v", "-map", "0:a", "-t", str(seconds), "-c:v", "prores_ks",
             "-profile:v", "3", "-pix_fmt", "yuv422p10le", "-c:a", "pcm_s24le", "-ar", "48000", "-ac", "2", part])
        part.rename(made)
    return made


def bench(contender, work, folder):
    """One run of a tool."""
    clean(folder)
    contender.prepare(work, folder)
    before = processor_parts()
    with Timed() as took:
        contender.go(work, folder)
    parts = {name: seconds - before[name] for name, seconds in processor_parts().items()}
    print(f"bench: {contender.name}: {took.wall:.1f} s, {took.cpu:.1f} s of processors", file=sys.stderr, flush=True)
    row = {"wall": took.wall, "cpu": took.cpu}
    if isinstance(contender, Reelsmith):
        row |= {"report": contender.report(), "parts": parts}
    return row


def shown(contender, work, folder):
    """Rate, SSIM and frames of each rung of the last run."""
    outcome = {}
    for rung in work.rungs:
        playlist = contender.playlists(work, folder)[rung["name"]]
        size, seconds = media_bytes(playlist)
        outcome[rung["name"]] = {"bits": round(8 * size / seconds), "frames": frames(playlist),
                                 "ssim": ssim(playlist, work.mezzanine, rung)}
    return outcome


def shown_alone(contender, work, folder):
    """The same for one rung, which may be in a file. The rate is that of the coded pictures, without container."""
    [rung] = work.rungs
    media = contender.playlists(work, folder)[rung["name"]]
    count = frames(media)
    return {rung["name"]: {"bits": round(8 * picture_bytes(media) * work.rate / count), "frames": count,
                           "ssim": ssim(media, work.mezzanine, rung)}}


def race(contenders, work, folder, runs, look):
    """Runs all tools in turn, round after round, so that drift of the machine affects all alike. The first round is not
    counted."""
    facts = {contender.name: {"rows": []} for contender in contenders}
    for number in range(runs + 1):
        for i, contender in enumerate(contenders):
            row = bench(contender, work, folder / str(i))
            if number:
                facts[contender.name]["rows"].append(row)
            if number == runs:
                facts[contender.name]["shown"] = look(contender, work, folder / str(i))
    return facts


def ladder(work, folder, program, runs):
    """Measures the whole ladder."""
    one = Ffmpeg()
    bench(one, work, folder / "0")
    shaka = ShakaStreamer({name: of["bits"] for name, of in shown(one, work, folder / "0").items()})
    return race([one, shaka, *(Reelsmith(program, workers) for workers in (1, 2))], work, folder, runs, shown)


def alone(work, folder, program, runs):
    """Measures one rung."""
    contenders = [Ffmpeg(), Av1an(2), Av1an(2, scenes=False), Reelsmith(program, 2)]
    return race(contenders, work.one_rung(), folder, runs, shown_alone)


def modelled(program, work, seconds, counts):
    """The answer of `reelsmith simulate` for the same title and this number of workers."""
    size = Path(work.mezzanine).stat().st_size
    said = json.loads(run([program, "simulate", "--duration", f"{seconds}s", "--picture", "{}x{}".format(*SIZE), "--frame-rate",
                           str(RATE), "--mezzanine-rate", f"{8e-6 * size / seconds:.1f}", "--no-h265", "--sound-by-frame", "--profile", work.profile,
                           "--workers", ",".join(map(str, counts)), "--architecture", "x86-64", "--format", "json"]))
    return {row["workers"]: row["outcome"] for row in said["rows"]}


def overhead(program, root, folder, profile, rounds=5):
    """Jobs of two seconds, of which little is encoding: right after a deployment, when no function runs yet, and once more."""
    work = Work(root, profile, mezzanine(folder, 2), SIZE, RATE)
    reports = {"cold": [], "warm": []}
    for number in range(rounds):
        # A changed setting is a new deployment, which ends all execution environments.
        contender = Reelsmith(program, 2 + number % 2)
        clean(folder / "overhead")
        contender.prepare(work, folder / "overhead")
        for kind in reports:
            contender.go(work, folder / "overhead")
            reports[kind].append(contender.report())
    return reports


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo", encoding="utf-8") if line.startswith("model name")), "?")
    ffmpeg = run(["ffmpeg", "-version"]).split("\n")[0].split(" Copyright")[0]
    return {"processors": os.cpu_count(), "model": model, "system": platform.freedesktop_os_release()["PRETTY_NAME"], "ffmpeg": ffmpeg}


def main():
    options = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    options.add_argument("--root", type=Path, required=True, help=argparse.SUPPRESS)
    options.add_argument("--work", type=Path, required=True, help="folder for the mezzanine and the outputs")
    options.add_argument("--runs", type=int, default=5, help="counted runs of each tool (5)")
    options.add_argument("--seconds", type=int, default=32, help="length of the mezzanine (32)")
    options.add_argument("--profile", default="default", help="encoding profile (default)")
    options.add_argument("--draft", action="store_true", help="print the document instead of writing docs/performance.md")
    chosen = options.parse_args()
    root, folder = chosen.root.resolve(), chosen.work.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    adopt()
    program = Path(os.environ["REELSMITH_BINARIES"]) / "reelsmith"
    if subprocess.run([program, "status", "--environment", "local"], capture_output=True, check=False).returncode == 0:
        raise SystemExit("bench: a local stack is running already; end it first: reelsmith down")
    work = Work(root, chosen.profile, mezzanine(folder, chosen.seconds), SIZE, RATE)
    facts = {"machine": machine(), "seconds": chosen.seconds, "runs": chosen.runs, "load": os.getloadavg()[0], "profile": work.profile,
             "preset": work.preset, "rungs": work.rungs, "mezzanine_bytes": work.mezzanine.stat().st_size}
    try:
        facts["one_rung"] = alone(work, folder / "one-rung", program, chosen.runs)
        facts["contenders"] = ladder(work, folder, program, chosen.runs)
        facts["overhead"] = overhead(program, root, folder, chosen.profile)
    finally:
        run([program, "down"])
    facts["profile_of_a_second"] = worker.second(work)
    facts["ways"] = worker.ways(work, folder / "ways")
    facts["modelled"] = modelled(program, work, chosen.seconds, (1, 2))
    (folder / "facts.json").write_text(json.dumps(facts, indent=1, default=str))
    document.write(root, facts, program, chosen.draft)


main()
