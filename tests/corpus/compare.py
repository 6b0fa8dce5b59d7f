"""Compares published pictures and sound with a plain decode of the source by the distribution's ffmpeg."""

import dataclasses
import json
import subprocess

import numpy as np

WIDTH, HEIGHT = 48, 27
# Mean difference of two small pictures in levels of 255 above which they are different. Low rungs of dark or noisy pictures
# differ by up to 6.
SAME = 14.0
# The same if the compared rung is tone-mapped.
SAME_MAPPED = 60.0
# Samples per second of the sound that is compared.
RATE = 16_000
# Farthest sound may be from its place, in seconds, for the search.
SEARCH_S = 1.0
LATE_S = 0.0015
JUMP_S = 0.02
# Length in seconds of the parts in which silence is looked for.
PART_S = 0.2
LOUD, SILENT = 10 ** (-45 / 20), 10 ** (-70 / 20)


@dataclasses.dataclass
class Film:
    pictures: np.ndarray
    # Seconds at which each picture is shown, from the first one.
    times: np.ndarray
    # When the first picture is shown, in seconds of the file.
    start: float
    # When the last picture ends, from the first one.
    end: float


def published(source, outcome):
    """The problems of a published file."""
    problems = []
    stream = video_stream(source)
    if stream is not None:
        film = decode(source, f"0:{stream}")
        playlists = sorted(outcome.folder.glob("video/*/*.m3u8"), key=lambda p: -height(p))
        output = decode([p for p in playlists if "iframe" not in p.name][0], "0:v:0")
        alike = SAME_MAPPED if is_hdr(source, stream) else SAME
        problems += pictures(film, output, outcome.warned("PictureHeld"), alike)
        problems += sound(source, film.start, output.start, outcome)
    return problems


def pictures(film, output, held, alike):
    source, made = len(film.pictures), len(output.pictures)
    if not source or not made:
        return [f"{source} source frames, {made} published"]
    gaps = np.diff(film.times)
    constant = source < 3 or gaps.max() - gaps.min() < 0.004 or gaps.max() < 1.3 * np.median(gaps)
    step = float(np.median(np.diff(output.times))) if made > 1 else 1.0
    usual = float(np.median(gaps)) if source > 1 else 1.0
    problems = []
    if constant and made != source and not held:
        # A rate that the profile halves, also several times, shows every other frame.
        if step < 1.5 * usual or abs(made * step - film.end) > 1.5 * step:
            problems.append(f"{made} frames published, {source} in the source")
    if not constant and not held and abs(made * step - film.end) > 1.5 * step + 0.02:
        problems.append(f"{made} frames of {step:.4f} s published, the source lasts {film.end:.3f} s")
    worst, misplaced = 0.0, 0
    for n in range(made):
        place = n if constant and made == source else int(np.argmin(np.abs(film.times - output.times[n])))
        near = range(max(0, place - 3), min(source, place + 4))
        off = {k: float(np.abs(film.pictures[k] - output.pictures[n]).mean()) for k in near}
        best = min(off.values())
        allowed = [off[k] for k in off if abs(k - place) <= (0 if constant and made == source else 1)]
        worst = max(worst, min(allowed))
        misplaced += min(allowed) > best * 1.5 + 1.5
    if misplaced > max(1, made // 50):
        problems.append(f"{misplaced} of {made} pictures look like a neighbour of the right one")
    if worst > alike:
        problems.append(f"a picture differs from the source by {worst:.1f} levels")
    return problems


def sound(source, source_start, output_start, outcome):
    problems = []
    streams = audio_streams(source)
    made = sorted(p for p in outcome.folder.glob("audio/*/*.m3u8"))
    if not streams:
        return ["sound is published for a source without sound"] if made else []
    if not made:
        return [] if outcome.warned("AudioLeftOut") else ["the sound is missing"]
    start, stream = streams[0]
    heard = placed(samples(source, f"0:{stream}"), start - source_start)
    played = placed(samples(made[0], "0:a:0"), audio_streams(made[0])[0][0] - output_start)
    length = min(len(heard), len(played))
    if length < RATE // 10:
        return problems
    problems += missing(heard[:length], played[:length])
    late = delay(heard, played)
    # Here the samples of the source follow each other without the gaps that its timestamps state.
    allowed = JUMP_S if outcome.warned("AudioDiscontinuous") else LATE_S
    if late is not None and abs(late) > allowed:
        problems.append(f"sound is late by {late * 1000:.1f} ms")
    return problems


def placed(sound, start):
    """Sound on the timeline that begins with the first picture."""
    shift = round(start * RATE)
    return sound[-shift:] if shift < 0 else np.concatenate([np.zeros(shift, np.float32), sound])


def missing(heard, played):
    part = int(PART_S * RATE)
    count = len(heard) // part
    level = lambda s: np.sqrt((s[: count * part].reshape(count, part) ** 2).mean(axis=1))
    lost = (level(heard) > LOUD) & (level(played) < SILENT)
    # A part at the edge of the sound may be padding of a codec.
    return [f"{lost.sum() * PART_S:.1f} s of {count * PART_S:.1f} s are silent"] if lost.sum() > 1 else []


def delay(heard, played):
    """Seconds by which the published sound is late; None if nothing can be recognised."""
    window = min(len(heard), len(played), RATE * 4)
    energy = np.convolve(heard[: len(played)] ** 2, np.ones(window), "valid")
    at = int(np.argmax(energy))
    reach = int(SEARCH_S * RATE)
    pattern = heard[at : at + window]
    begin = max(0, at - reach)
    around = played[begin : at + window + reach]
    size = 1 << (len(around) + len(pattern)).bit_length()
    product = np.fft.irfft(np.fft.rfft(around, size) * np.conj(np.fft.rfft(pattern, size)), size)
    lags = len(around) - len(pattern) + 1
    if lags < 1:
        return None
    product = product[:lags]
    power = np.convolve(around**2, np.ones(len(pattern)), "valid")[:lags]
    likeness = product / np.sqrt(np.maximum(power, 1e-9) * max(float((pattern**2).sum()), 1e-9))
    if likeness.max() < 0.5:
        return None
    # A tone is alike at many places, of which the nearest one counts.
    places = np.flatnonzero(likeness > likeness.max() - 0.01) + begin - at
    return float(places[np.argmin(np.abs(places))]) / RATE


def video_stream(source):
    """The index of the stream to compare: the default one, otherwise the largest."""
    streams = probe(source, "stream=index,codec_type,width,height:stream_disposition=default,attached_pic")["streams"]
    videos = [s for s in streams if s.get("codec_type") == "video" and not s["disposition"]["attached_pic"]]
    if not videos:
        return None
    size = lambda s: (s["disposition"]["default"], s.get("width", 0) * s.get("height", 0))
    return max(videos, key=size)["index"]


def is_hdr(source, stream):
    found = probe(source, "stream=color_transfer", "-select_streams", stream)["streams"]
    return any(s.get("color_transfer") in ("smpte2084", "arib-std-b67") for s in found)


def audio_streams(source):
    """Start in seconds and index of each audio stream that can be decoded."""
    found = []
    for stream in probe(source, "stream=index,codec_type,codec_name,start_time")["streams"]:
        if stream.get("codec_type") == "audio" and stream.get("codec_name"):
            frames = probe(source, "frame=best_effort_timestamp_time", "-select_streams", stream["index"], "-read_intervals", "%+#8")
            times = [float(f["best_effort_timestamp_time"]) for f in frames.get("frames", []) if "best_effort_timestamp_time" in f]
            if times:
                found.append((times[0], stream["index"]))
    return found


def decode(source, stream):
    frames = probe(source, "frame=best_effort_timestamp_time,pkt_duration_time", "-select_streams", stream.removeprefix("0:"))
    frames = [f for f in frames.get("frames", []) if "best_effort_timestamp_time" in f]
    data = ffmpeg(source, stream, "-vf", f"scale={WIDTH}:{HEIGHT}:flags=area,format=rgb24", "-fps_mode", "passthrough", "-f", "rawvideo")
    shown = np.frombuffer(data, np.uint8).astype(np.float32)
    size = WIDTH * HEIGHT * 3
    shown = shown[: len(shown) // size * size].reshape(-1, size)
    times = np.array([float(f["best_effort_timestamp_time"]) for f in frames])
    start = float(times.min()) if len(times) else 0.0
    times = np.sort(times)[: len(shown)] - start
    if len(times) < len(shown):
        times = np.arange(len(shown)) / 25
    last = float(frames[-1].get("pkt_duration_time") or 0) if frames else 0.0
    usual = float(np.median(np.diff(times))) if len(times) > 1 else 0.04
    return Film(shown, times, start, (float(times[-1]) if len(times) else 0.0) + (last or usual))


def samples(source, stream):
    return np.frombuffer(ffmpeg(source, stream, "-ac", "1", "-ar", str(RATE), "-f", "f32le"), np.float32)


def height(playlist):
    return int("".join(c for c in playlist.parent.name.split("_")[0].split("p")[0] if c.isdigit()) or 0)


def ffmpeg(source, stream, *options):
    # Playlists of the output name files beside them.
    command = ["ffmpeg", "-v", "quiet", "-nostdin", "-i", str(source), "-map", stream, *options, "-"]
    return subprocess.run(command, capture_output=True, timeout=600).stdout


def probe(source, entries, *options):
    command = ["ffprobe", "-v", "quiet", *map(str, options), "-show_entries", entries, "-of", "json", str(source)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, timeout=600).stdout or "{}")
