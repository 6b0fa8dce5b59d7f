"""Writes the generated parts of docs/evaluation.md."""
import statistics

import markers
import plots

# Events of an item's own history without failures (docs/metrics.md).
ITEM_EVENTS = 7
STATES_BEFORE = ("ParseManifest", "ValidateInput", "SubmitJob", "Decide", "PlanChunks")


def median(values):
    return statistics.median(list(values))


def table(heads, rows):
    line = lambda cells: "| " + " | ".join(map(str, cells)) + " |"
    return "\n".join([line(heads), "|" + "---|" * len(heads), *map(line, rows)]) + "\n"


def seconds_of(report, states):
    return sum(s["seconds"] for s in report["states"] if s["state"] in states)


def alone_of(facts):
    """Medians of the undisturbed jobs."""
    rows = facts["resumes"]["alone"]
    return {"wall_s": median(r["report"]["latency"]["seconds"] for r in rows), "cpu_s": median(r["cpu_s"] for r in rows),
            "first_s": median(min(p["after_s"] for p in r["report"]["chunk_encode"]["pieces"]) for r in rows),
            "chunk_cpu_s": median(r["report"]["chunk_encode"]["cpu_s"] for r in rows),
            "before_s": median(seconds_of(r["report"], STATES_BEFORE) for r in rows)}


def killed_of(facts):
    """Medians of each disturbance."""
    rows, alone = [], alone_of(facts)
    killed = facts["resumes"]["killed"]
    for share in sorted({r["share"] for r in killed}):
        for keep in (True, False):
            mine = [r for r in killed if r["share"] == share and r["keep"] == keep]
            replay = [r["report"]["replay"] for r in mine]
            first = [p["resumes"][-1]["first_work_s"] for p in replay if p["resumes"]]
            rows.append({
                "share": share, "keep": keep, "at": median(r["chunks"] for r in mine),
                "reused": median(r["chunks"] if keep else 0 for r in mine),
                "again": median(r["in_flight"] + (0 if keep else r["chunks"]) for r in mine),
                "first_s": median(f for f in first if f is not None) if any(f is not None for f in first) else None,
                "finish_s": median(r["finish_s"] for r in mine), "cpu_s": median(r["cpu_s"] for r in mine),
                "whole_s": median(r["report"]["latency"]["seconds"] for r in mine),
                "extra_s": median(r["report"]["latency"]["seconds"] for r in mine) - alone["wall_s"],
                "extra_cpu_s": median(r["cpu_s"] for r in mine) - alone["cpu_s"]})
    return rows


def growth_of(facts):
    rows = []
    for row in facts["growth"]:
        report = row["report"]
        pieces = report["chunk_encode"]["pieces"]
        chunks = sum(p["piece"].startswith("chunk") for p in pieces)
        cost = {line["item"]: line for line in report["cost"]["lines"]}
        rows.append({"chunks": chunks, "pieces": len(pieces), "events": report["state"]["events"],
                     "item_events": ITEM_EVENTS * len(pieces), "history_bytes": row["history_bytes"],
                     "largest_bytes": report["state"]["largest_bytes"], "checkpoint_bytes": report["state"]["checkpoint_bytes"],
                     "latency_s": report["latency"]["seconds"], "programme_s": report["latency"]["programme_s"],
                     "cost": cost, "total": report["cost"]["total"]})
    return rows


def machine(facts):
    return (f"Measured {facts['date']} on {facts['processors']} processors, load before it began {facts['load']:.1f}, in "
            f"{facts['took_s'] / 60:.0f} minutes. {facts['workers']} workers at once, profile `draft`, H.264 alone, functions built "
            f"without optimisation. The disturbed job: {facts['resumes']['seconds']} s of 1280x720, {facts['resumes']['chunks']} "
            f"chunks; each row is the median of {facts['rounds']} runs.\n")


def resume_table(facts):
    alone, rows = alone_of(facts), killed_of(facts)
    lines = [["undisturbed", "–", "–", f"{alone['first_s']:.1f}", "–", f"{alone['wall_s']:.1f}", "–", f"{alone['cpu_s']:.0f}", "–"]]
    for r in rows:
        first = "–" if r["first_s"] is None else f"{r['first_s']:.1f}"
        lines.append([f"killed at {r['at']:.0f}, state {'kept' if r['keep'] else 'lost'}", f"{r['reused']:.0f}", f"{r['again']:.0f}",
                      first, f"{r['finish_s']:.1f}", f"{r['whole_s']:.1f}", f"{r['extra_s']:+.1f}", f"{r['cpu_s']:.0f}",
                      f"{r['extra_cpu_s']:+.0f}"])
    return table(["job", "chunks kept", "chunks repeated", "to the first new piece, s", "resume to end, s", "total, s",
                  "vs. undisturbed, s", "processor time, s", "vs. undisturbed, s"], lines)


def growth_table(facts):
    rows = [[r["chunks"], r["pieces"], r["events"], f"{r['events'] / r['chunks']:.1f}", r["item_events"],
             f"{r['history_bytes'] / 1024:.1f}", r["largest_bytes"], f"{r['checkpoint_bytes'] / 1024:.1f}",
             f"{r['checkpoint_bytes'] / 1024 / r['chunks']:.2f}", f"{r['latency_s']:.1f}"] for r in growth_of(facts)]
    return table(["chunks", "pieces", "events", "per chunk", "item events, modelled", "history, KiB", "largest state data, bytes",
                  "kept in S3, KiB", "per chunk", "job, s"], rows)


def slope(rows, what):
    """Growth per further chunk, between the smallest and the largest job."""
    first, last = rows[0], rows[-1]
    return (last[what] - first[what]) / max(1, last["chunks"] - first["chunks"])


def cost_table(facts):
    rows = growth_of(facts)
    first, last = rows[0], rows[-1]
    more = last["chunks"] - first["chunks"]
    names = {"states_transition": ("checkpointed", "state transitions"), "s3_put": ("explicit", "S3 writes and lists, media included"),
             "s3_get": ("explicit", "S3 reads, media included"), "dynamodb_write": ("explicit", "table writes"),
             "dynamodb_read": ("explicit", "table reads")}
    lines = []
    for item, (kind, name) in names.items():
        a, b = first["cost"].get(item), last["cost"].get(item)
        if a and b:
            lines.append([kind, name, f"{a['quantity']:.0f}", f"{(b['quantity'] - a['quantity']) / more:.2f}",
                          f"${b['cost'] / b['quantity'] * 1e6:g}", f"${b['cost']:.6f}", f"{100 * b['cost'] / last['total']:.1f} %"])
    return table(["kind of state", "item", f"in a job of {first['chunks']} chunks", "per further chunk", "price per million",
                  f"cost in a job of {last['chunks']} chunks", "share of that job"], lines)


def code_table(parts):
    rows = [[kind, name, lines] for kind in ("explicit", "checkpointed") for name, lines in parts[kind].items()]
    sums = {kind: sum(parts[kind].values()) for kind in ("explicit", "checkpointed")}
    rows += [[f"**{kind}**", "**total**", f"**{sums[kind]}**, {100 * sums[kind] / parts['all']:.1f} % of {parts['all']}"]
             for kind in sums]
    return table(["kind of state", "part", "lines"], rows)


def between(values, digits):
    """One number, or the range from minimum to maximum."""
    low, high = (f"{end(values):.{digits}f}" for end in (min, max))
    return low if low == high else f"{low} to {high}"


def answers(facts, parts):
    alone, rows, grown = alone_of(facts), killed_of(facts), growth_of(facts)
    kept, lost = [r for r in rows if r["keep"]], [r for r in rows if not r["keep"]]
    explicit, checkpointed = sum(parts["explicit"].values()), sum(parts["checkpointed"].values())
    firsts = [r["first_s"] for r in kept if r["first_s"] is not None]
    again = lambda of: between([r["again"] for r in of], 0)
    price = {item: line["cost"] / line["quantity"] for item, line in grown[-1]["cost"].items()}
    return (
        f"1. **How well does it carry long parallel work?** Of {facts['resumes']['chunks']} chunks, killed jobs repeated {again(kept)} if "
        f"their state was kept (those in progress when the workers were killed) and {again(lost)} if it was lost. They took "
        f"{between([r['extra_s'] for r in kept], 1)} s longer than an undisturbed job ({alone['wall_s']:.1f} s); without state "
        f"{between([r['extra_s'] for r in lost], 1)} s. They used {between([r['extra_cpu_s'] for r in kept], 0)} s more processor time; "
        f"without state {between([r['extra_cpu_s'] for r in lost], 0)} s.\n"
        f"2. **What does checkpoint-and-replay cost?** Writing, per further chunk: {slope(grown, 'events'):.1f} events in the execution's "
        f"own history, {ITEM_EVENTS} in the item's, two state transitions, and "
        f"{slope(grown, 'checkpoint_bytes') / 1024:.2f} KiB in S3; the largest state data stays at "
        f"{max(r['largest_bytes'] for r in grown)} of 262,144 bytes. Resuming: {between(firsts, 1)} s to the first new piece of work, "
        f"compared with {alone['first_s']:.1f} s in an undisturbed job. A new execution repeats the states before the Maps, which take "
        f"{alone['before_s']:.1f} s here; AWS's redrive skips them.\n"
        f"3. **Explicit or checkpointed?** {explicit} lines keep explicit state, {checkpointed} checkpointed state. The history alone "
        f"cannot distinguish two executions of one job; the row alone does not define what comes next. A chunk's record is one write to "
        f"S3; its two state transitions cost {2 * price['states_transition'] / price['s3_put']:.0f} times as much. A resume from the "
        f"history saves the states before the Maps; a resume from the objects works in any execution and after any time.\n")


def write(root, facts, parts):
    """Draws the plots and writes the document."""
    images = root / "docs/images"
    plots.resumes(killed_of(facts), alone_of(facts), images / "evaluation-resume.svg")
    plots.growth(growth_of(facts), images / "evaluation-growth.svg")
    plots.code(parts, images / "evaluation-code.svg")
    filled = {"machine": machine(facts), "answers": answers(facts, parts), "resume": resume_table(facts), "growth": growth_table(facts),
              "cost": cost_table(facts), "code": code_table(parts)}
    markers.fill(root / "docs/evaluation.md", filled)
