"""The plots of docs/evaluation.md: reproducible SVG."""
import matplotlib

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.hashsalt": "reelsmith", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 10,
                            "axes.spines.top": False, "axes.spines.right": False, "figure.facecolor": "white"})
import matplotlib.pyplot as plt  # noqa: E402  (after the backend is selected)

KEPT, LOST, PLAIN = "#1f77b4", "#d62728", "#7f7f7f"


def _save(figure, path):
    figure.tight_layout()
    figure.savefig(path, format="svg", metadata={"Date": None})
    plt.close(figure)
    # matplotlib writes trailing spaces.
    path.write_text("\n".join(line.rstrip() for line in path.read_text().splitlines()) + "\n")


def resumes(rows, alone, path):
    """Time from resume to end, and total processor time, by the share of chunks done when the job was killed."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.4))
    for axis, what, whole, title in ((axes[0], "finish_s", alone["wall_s"], "resume to end, s"),
                                     (axes[1], "cpu_s", alone["cpu_s"], "processor time, s")):
        for keep, colour, label in ((True, KEPT, "state kept"), (False, LOST, "state lost")):
            mine = [r for r in rows if r["keep"] == keep]
            axis.plot([100 * r["share"] for r in mine], [r[what] for r in mine], "o-", color=colour, label=label)
        axis.axhline(whole, color=PLAIN, linestyle="--", label="undisturbed job")
        axis.set(xlabel="chunks done when the job was killed, %", title=title, xlim=(0, 100))
        axis.set_ylim(bottom=0)
    axes[0].legend(frameon=False)
    _save(figure, path)


def growth(rows, path):
    """History and checkpoint by the number of chunks."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.4))
    chunks = [r["chunks"] for r in rows]
    axes[0].plot(chunks, [r["events"] for r in rows], "o-", color=PLAIN, label="execution")
    axes[0].plot(chunks, [r["events"] + r["item_events"] for r in rows], "o--", color=LOST, label="with its items (seven each)")
    axes[0].set(xlabel="chunks", title="history events")
    axes[0].legend(frameon=False)
    axes[1].plot(chunks, [r["history_bytes"] / 1024 for r in rows], "o-", color=PLAIN, label="execution history")
    axes[1].plot(chunks, [r["checkpoint_bytes"] / 1024 for r in rows], "o-", color=KEPT, label="records, plan, lists, reports in S3")
    axes[1].set(xlabel="chunks", title="KiB")
    axes[1].legend(frameon=False)
    for axis in axes:
        axis.set_ylim(bottom=0)
    _save(figure, path)


def code(parts, path):
    """Lines of code by part."""
    bars = [(name, lines, LOST) for name, lines in parts["checkpointed"].items()] + [
        (name, lines, KEPT) for name, lines in parts["explicit"].items()]
    figure, axis = plt.subplots(figsize=(9, 3.4))
    axis.barh([b[0] for b in bars][::-1], [b[1] for b in bars][::-1], color=[b[2] for b in bars][::-1])
    axis.set(title="lines of code that keep a job's state")
    _save(figure, path)
