"""Writes the generated parts of docs/performance.md."""
import datetime
import statistics
import subprocess

import markers


def median(values):
    return statistics.median(values)


def table(heads, rows):
    line = lambda cells: "| " + " | ".join(map(str, cells)) + " |"
    return "\n".join([line(heads), "|" + "---|" * len(heads), *map(line, rows)]) + "\n"


def spread(values):
    return f"{median(values):.1f} ({min(values):.1f}–{max(values):.1f})"


def of(facts, name, what):
    return [row[what] for row in facts["contenders"][name]["rows"]]


def versions(facts):
    machine, rungs = facts["machine"], ", ".join(r["name"] for r in facts["rungs"])
    return (f"Measured {datetime.date.today()} on {machine['processors']} processors ({machine['model']}), {machine['system']}; "
            f"load before it began {facts['load']:.1f}. {facts['machine']['ffmpeg']}. {facts['seconds']} s of 1280x720 at 25 frames "
            f"per second as ProRes 422 HQ, {facts['mezzanine_bytes'] / 1e6:.0f} MB; H.264 {rungs}, preset {facts['preset']}, the rates "
            f"and CRF of profile `{facts['profile']}`; one stereo track. {facts['runs']} runs of each, in turn, after one that is "
            "not counted; medians, with minimum and maximum in brackets.\n")


def beside(contenders):
    """Wall and processor seconds of each tool, their ratio to the first, and the frames of the rungs."""
    first = next(iter(contenders.values()))["rows"]
    rows = []
    for name, seen in contenders.items():
        cells = [name]
        for what in ("wall", "cpu"):
            values, base = [row[what] for row in seen["rows"]], median([row[what] for row in first])
            cells += [spread(values), f"{median(values) / base:.2f}"]
        frames = {rung["frames"] for rung in seen["shown"].values()}
        rows.append([*cells, "/".join(map(str, sorted(frames)))])
    return rows


HEADS = ["tool", "wall time, s", "ratio", "processor time, s", "ratio"]


def whole(facts):
    return table([*HEADS, "frames per rung"], beside(facts["contenders"]))


def one_rung(facts):
    contenders = facts["one_rung"]
    [name] = next(iter(contenders.values()))["shown"]
    shown = (seen["shown"][name] for seen in contenders.values())
    rows = [[*row, f"{of_rung['bits'] / 1000:.0f} kbit/s", f"{of_rung['ssim']:.4f}"] for row, of_rung in zip(beside(contenders), shown)]
    return table([*HEADS, "frames", f"{name}: rate", "SSIM"], rows)


def rungs(facts):
    rows = []
    names = [r["name"] for r in facts["rungs"]]
    for name, seen in facts["contenders"].items():
        cells = (f"{seen['shown'][n]['bits'] / 1000:.0f} kbit/s, {seen['shown'][n]['ssim']:.4f}" for n in names)
        rows.append([name, *cells])
    return table(["tool", *(f"{n}: rate, SSIM" for n in names)], rows)


def jobs(facts):
    return [name for name in facts["contenders"] if name.startswith("reelsmith")]


def states(facts):
    names = jobs(facts)
    sums = [{}, {}]
    for sum_, name in zip(sums, names):
        for row in of(facts, name, "report"):
            for state in row["states"]:
                sum_.setdefault(state["state"], []).append(state["seconds"])
    # States that only pass data on take no time.
    shown = [state for state in sums[-1] if max(median(sum_.get(state, [0])) for sum_ in sums) >= 0.01]
    rows = [[state, *(f"{median(sum_[state]):.2f}" if state in sum_ else "" for sum_ in sums)] for state in shown]
    whole_ = [f"**{median([r['latency']['seconds'] for r in of(facts, name, 'report')]):.2f}**" for name in names]
    return table(["state", *(f"{name}, s" for name in names)], [*rows, ["whole execution", *whole_]])


def overhead(facts):
    """Seconds by state, and before and after the pieces, with cold and with warm functions."""
    def around(report):
        pieces = report["chunk_encode"]["pieces"]
        first, last = min(p["after_s"] for p in pieces), max(p["after_s"] + p["encode_s"] for p in pieces)
        return {"**execution start to first piece**": first,
                "**last piece to execution end**": report["latency"]["seconds"] - last,
                "**whole execution**": report["latency"]["seconds"]}

    seen = [{}, {}]
    for sum_, kind in zip(seen, ("cold", "warm")):
        for report in facts["overhead"][kind]:
            for name, seconds in [(s["state"], s["seconds"]) for s in report["states"]] + list(around(report).items()):
                sum_.setdefault(name, []).append(seconds)
    # States that only pass data take no time.
    names = [name for name in seen[0] if max(median(seen[0][name]), median(seen[1].get(name, [0]))) >= 0.01]
    rows = [[name, *(f"{median(sum_[name]):.2f}" if name in sum_ else "" for sum_ in seen)] for name in names]
    return table(["state", "cold, s", "warm, s"], rows)


def parts(facts):
    names = jobs(facts)
    seen = [of(facts, name, "parts") for name in names]
    rows = [[part, *(f"{median([row[part] for row in of_name]):.1f}" for of_name in seen)] for part in seen[0][0]]
    one = median(of(facts, next(iter(facts["contenders"])), "cpu"))
    without = [median([sum(row.values()) - row["local AWS"] for row in of_name]) / one for of_name in seen]
    rows.append(["ratio to the ffmpeg command, without the local AWS", *(f"**{ratio:.2f}**" for ratio in without)])
    return table(["processor seconds", *names], rows)


def scaling(facts):
    rows, bases = [], {}
    for count, name in enumerate(jobs(facts), 1):
        reports = of(facts, name, "report")
        model = facts["modelled"][count] if count in facts["modelled"] else facts["modelled"][str(count)]
        seen = {"encode": median([r["concurrency"]["span_s"] for r in reports]), "work": median([r["chunk_encode"]["work_s"] for r in reports])}
        bases.setdefault("encode", seen["encode"])
        rows.append([count, f"{seen['encode']:.1f}", f"{bases['encode'] / seen['encode']:.2f}", f"{model['stages']['encode']:.1f}",
                     f"{100 * (model['stages']['encode'] / seen['encode'] - 1):+.0f} %", f"{seen['work']:.1f}",
                     f"{model['worker_s']:.1f}", f"{100 * (model['worker_s'] / seen['work'] - 1):+.0f} %"])
    return table(["workers", "first piece to last, s", "speed-up", "modelled, s", "error", "work of all pieces, s",
                  "modelled, s", "error"], rows)


def second(facts):
    parts = dict(facts["profile_of_a_second"])
    starting = parts.pop("starting")
    total = sum(parts.values())
    rows = [[name, f"{1000 * value:.0f}", f"{100 * value / total:.0f} %"] for name, value in parts.items()]
    text = table(["part", "processor ms per second of programme", "share"], rows)
    encode = of(facts, jobs(facts)[-1], "report")[-1]["chunk_encode"]
    rest = 100 * (1 - encode["cpu_s"] / encode["work_s"])
    return text + (f"\nStarting ffmpeg takes {1000 * starting:.0f} ms. In the last job with two workers the pieces took {encode['work_s']:.1f} s in "
                   f"total, {encode['cpu_s']:.1f} s of it processor time of their encoders; the other {rest:.0f} % were spent reading, "
                   "writing and waiting for a processor.\n")


def ways(facts):
    seen = facts["ways"]
    usual = next(iter(seen.values()))
    rows = [[name, f"{of['wall']:.1f}", f"{of['cpu']:.1f}", f"{100 * (of['cpu'] / usual['cpu'] - 1):+.1f} %", f"{of['rate'] / 1000:.0f} kbit/s",
             f"{of['ssim']:.4f}"] for name, of in seen.items()]
    rows[0][3] = ""
    return table(["command", "wall time, s", "processor time, s", "vs. the first", "rate of all rungs", "SSIM of the largest"], rows)


# Heavy work, comparable to ExCamera's: a slow preset and a mezzanine of moderate rate.
ONE = ["--duration", "2h", "--rung", "h265_1080p", "--preset", "slower", "--audio", "0", "--mezzanine-rate", "8", "--workers", "100,888,3552"]


# Of a simulation's columns: the steps before and after the encode hardly depend on the number of workers.
LEFT_OUT = {"planned", "proven", "parallel"}


def shortened(markdown):
    """A simulation's table without some columns, and with one row for numbers of workers that change nothing."""
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in markdown.strip().splitlines()]
    kept = [n for n, head in enumerate(lines[0]) if head not in LEFT_OUT]
    heads, *rows = [[line[n] for n in kept] for line in [lines[0], *lines[2:]]]
    merged = []
    for row in rows:
        if merged and merged[-1][1:] == row[1:]:
            merged[-1][0] = f"{merged[-1][0].split(' to ')[0]} to {row[0]}"
        else:
            merged.append(row)
    return table(heads, merged).strip()


def fleet(program):
    text = ""
    for title, options in (("24 minutes", ["--duration", "24m"]), ("2 hours", ["--duration", "2h"]),
                           ("1,000 titles of 24 minutes at once", ["--duration", "24m", "--titles", "1000"]),
                           ("24 minutes, sound interleaved with single frames", ["--duration", "24m", "--sound-by-frame", "--workers", "1000,10000"]),
                           ("24 minutes, one rung of 720p", ["--duration", "24m", "--rung", "h264_720p"]),
                           ("The video of 2 hours, one rung, compared with one machine of 31 threads", [*ONE, "--beside", "31"]),
                           ("The same with workers of four vCPUs", [*ONE, "--beside", "31", "--worker-memory", "7076"])):
        said = subprocess.run([program, "simulate", *options, "--format", "markdown"], capture_output=True, text=True, check=True).stdout
        text += f"### {title}\n\n`reelsmith simulate {' '.join(options)}`\n\n{shortened(said)}\n\n"
    return text


def write(root, facts, program, draft):
    """Writes the document, or prints its parts for a draft."""
    texts = {"machine": versions(facts), "whole": whole(facts), "one-rung": one_rung(facts), "rungs": rungs(facts), "parts": parts(facts), "overhead": overhead(facts), "states": states(facts), "scaling": scaling(facts),
             "second": second(facts), "ways": ways(facts), "fleet": fleet(program)}
    if draft:
        print("\n".join(f"## {name}\n\n{text}" for name, text in texts.items()))
        return
    markers.fill(root / "docs/performance.md", texts)
