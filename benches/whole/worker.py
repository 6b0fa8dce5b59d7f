"""Measures the parts of a worker's command, and alternative commands."""
import statistics

from measure import timed
from quality import ssim

SECONDS = 8
NULL = ["-f", "null", "-"]


def read(work):
    return ["ffmpeg", "-v", "error", "-nostdin", "-y", "-threads", "1", "-filter_complex_threads", "1", "-t", str(SECONDS), "-i",
            str(work.mezzanine)]


def scale(rung):
    return f"scale={rung['width']}:{rung['height']}:flags=bicubic,format=yuv420p"


def scaled(rungs):
    """Scales each rung from the decoded picture."""
    labels = "".join(f"[s{i}]" for i in range(len(rungs)))
    return ";".join([f"[0:v]split={len(rungs)}{labels}", *(f"[s{i}]{scale(r)}[v{i}]" for i, r in enumerate(rungs))])


def chained(rungs):
    """Scales each rung from the next larger one."""
    steps = [f"{'[0:v]' if i == 0 else f'[s{i}]'}{scale(r)}" for i, r in enumerate(rungs)]
    last = len(rungs) - 1
    return ";".join(f"{step}[v{i}]" if i == last else f"{step},split=2[v{i}][s{i + 1}]" for i, step in enumerate(steps))


def encode(work, rung, threads=1, preset=None):
    return ["-c:v", "libx264", "-preset", preset or work.preset, "-threads", str(threads), "-crf", str(rung["crf"]), "-maxrate",
            str(rung["max_bitrate"]), "-bufsize", str(rung["max_bitrate"] * 3 // 2),
            "-x264-params", f"keyint={work.gop}:min-keyint={work.gop}:scenecut=0:open-gop=0"]


def encoded(work, folder, rungs, graph, **how):
    """One command for all rungs."""
    outputs = (w for i, r in enumerate(rungs) for w in ("-map", f"[v{i}]", *encode(work, r, **how), folder / f"{r['name']}.mp4"))
    return [*read(work), "-filter_complex", graph, *outputs]


def medians(ways, runs):
    """Wall and processor seconds of each alternative, whose commands run in sequence. Alternatives run in turn, so that drift of the
    machine affects all alike."""
    took = {name: [] for name in ways}
    for _ in range(runs):
        for name, commands in ways.items():
            took[name].append([timed(argv) for argv in commands])
    middle = lambda turns, what: statistics.median(sum(getattr(t, what) for t in turn) for turn in turns)
    return {name: {what: middle(turns, what) for what in ("wall", "cpu")} for name, turns in took.items()}


def second(work, runs=3):
    """Processor seconds for a second of programme: decoding, scaling to the rungs, encoding, by adding one at a time."""
    rungs = work.rungs
    maps = [["-map", f"[v{i}]"] for i in range(len(rungs))]
    stages = {
        "starting": ["ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", "color=s=16x16:d=0.04", *NULL],
        "decoding": [*read(work), "-map", "0:v", *NULL],
        "scaling": [*read(work), "-filter_complex", scaled(rungs), *(w for m in maps for w in (*m, "-c:v", "wrapped_avframe", *NULL))],
        "encoding": [*read(work), "-filter_complex", scaled(rungs), *(w for m, r in zip(maps, rungs) for w in (*m, *encode(work, r), *NULL))],
    }
    took = medians({name: [argv] for name, argv in stages.items()}, runs)
    spent = {name: seconds["cpu"] for name, seconds in took.items()}
    parts = {"decoding": spent["decoding"] - spent["starting"], "scaling": spent["scaling"] - spent["decoding"],
             "encoding": spent["encoding"] - spent["scaling"]}
    return {name: value / SECONDS for name, value in parts.items()} | {"starting": spent["starting"]}


def ways(work, folder, runs=3):
    """Wall and processor seconds, rate and SSIM of a chunk for each alternative."""
    rungs = sorted(work.rungs, key=lambda rung: -rung["height"])
    together = lambda graph=scaled, **how: lambda out: [encoded(work, out, rungs, graph(rungs), **how)]
    known = {
        "standard: one decode, rungs scaled from it, one thread per encoder": together(),
        "each rung scaled from the next larger one": together(chained),
        "one decode per rung": lambda out: [encoded(work, out, [r], scaled([r])) for r in rungs],
        "two threads per encoder": together(threads=2),
        "x264's own number of threads": together(threads=0),
        "preset fast": together(preset="fast"),
        "preset slow": together(preset="slow"),
    }
    outs = {name: folder / str(number) for number, name in enumerate(known)}
    for out in outs.values():
        out.mkdir(parents=True, exist_ok=True)
    seen = medians({name: commands(outs[name]) for name, commands in known.items()}, runs)
    for name, out in outs.items():
        files = [out / f"{r['name']}.mp4" for r in rungs]
        seen[name] |= {"rate": sum(8 * file.stat().st_size for file in files) / SECONDS,
                       "ssim": ssim(files[0], work.mezzanine, rungs[0], SECONDS)}
    return seen
