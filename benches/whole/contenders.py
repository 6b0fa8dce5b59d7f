"""The tools that are compared. Each writes into a folder and returns the media playlist, or the file, of each rung."""
import copy
import json
import os
import re
import shutil
import sys
from pathlib import Path

import yaml

from measure import run

AUDIO = 128_000


class Work:
    """The mezzanine, the rungs of the profile that fit it, and the settings that all tools share."""

    def __init__(self, root, profile, mezzanine, size, rate):
        said = yaml.safe_load((root / f"shared/core/ladders/{profile}.yaml").read_text())
        self.root, self.profile, self.mezzanine, self.size, self.rate = root, profile, mezzanine, size, rate
        self.preset = said["codecs"]["h264"]["preset"]
        self.segment_s = said["timing"]["segment_ms"] / 1000
        self.gop = round(said["timing"]["gop_ms"] * rate / 1000)
        self.chunk = round(said["timing"]["chunk_ms"] * rate / 1000)
        self.rungs = [r for r in said["rungs"] if r["codec"] == "h264" and r["width"] <= size[0] and r["height"] <= size[1]]

    def one_rung(self):
        """The same with only the rung of profile `preview`."""
        said = yaml.safe_load((self.root / "shared/core/ladders/preview.yaml").read_text())
        one = copy.copy(self)
        one.profile, one.rungs = "preview", said["rungs"]
        return one


class Ffmpeg:
    """One command with one decode, without proof, loudness and images."""

    name = "ffmpeg, one command"

    def prepare(self, work, folder):
        rungs = work.rungs
        labels = "".join(f"[s{i}]" for i in range(len(rungs)))
        scaled = (f"[s{i}]scale={r['width']}:{r['height']}:flags=bicubic,setdar=16/9,format=yuv420p[v{i}]" for i, r in enumerate(rungs))
        self.command = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-i", str(work.mezzanine),
                        "-filter_complex", ";".join([f"[0:v]split={len(rungs)}{labels}", *scaled])]
        for i, r in enumerate(rungs):
            self.command += ["-map", f"[v{i}]", f"-crf:v:{i}", str(r["crf"]), f"-maxrate:v:{i}", str(r["max_bitrate"]),
                             f"-bufsize:v:{i}", str(r["max_bitrate"] * 3 // 2)]
        self.command += ["-c:v", "libx264", "-preset", work.preset, "-profile:v", "high",
                         "-x264-params", f"keyint={work.gop}:min-keyint={work.gop}:scenecut=0:open-gop=0",
                         "-map", "0:a", "-c:a", "aac", "-b:a", str(AUDIO), "-ac", "2",
                         "-f", "dash", "-seg_duration", str(work.segment_s), "-hls_playlist", "1",
                         "-adaptation_sets", "id=0,streams=v id=1,streams=a", str(folder / "manifest.mpd")]

    def go(self, work, folder):
        run(self.command)

    def playlists(self, work, folder):
        return {r["name"]: folder / f"media_{i}.m3u8" for i, r in enumerate(work.rungs)}


class ShakaStreamer:
    """shaka-streamer with its own ffmpeg and packager. It has no quality target and always uses preset slow. Its target rates
    are those that the ffmpeg command reached."""

    name = "shaka-streamer"

    def __init__(self, rates):
        self.rates = rates

    def prepare(self, work, folder):
        resolutions = {r["name"]: {"max_width": r["width"], "max_height": r["height"],
                                   "bitrates": {"h264": f"{self.rates[r['name']] // 1000}k"}} for r in work.rungs}
        write = lambda name, value: (folder / name).write_text(json.dumps(value))
        write("input.yaml", {"inputs": [{"name": str(work.mezzanine), "media_type": kind} for kind in ("video", "audio")]})
        write("pipeline.yaml", {"streaming_mode": "vod", "resolutions": [r["name"] for r in work.rungs],
                                "channel_layouts": ["stereo"], "audio_codecs": ["aac"], "video_codecs": ["h264"],
                                "manifest_format": ["dash", "hls"], "segment_size": work.segment_s, "quiet": True})
        write("bitrate.yaml", {"video_resolutions": resolutions,
                               "audio_channel_layouts": {"stereo": {"max_channels": 2, "bitrates": {"aac": f"{AUDIO // 1000}k"}}}})

    def go(self, work, folder):
        named = [f for kind in ("input", "pipeline", "bitrate") for f in (f"--{kind}-config", str(folder / f"{kind}.yaml"))]
        tool = Path(sys.executable).parent / "shaka-streamer"
        run([sys.executable, tool, *named, "--output", str(folder / "out")], cwd=folder)

    def playlists(self, work, folder):
        out = folder / "out"
        master = (out / "hls.m3u8").read_text()
        found = re.findall(r"RESOLUTION=\d+x(\d+).*\n(\S+)", master)
        return {r["name"]: out / path for r in work.rungs for height, path in found if int(height) == r["height"]}


class Av1an:
    """Av1an with x264, for one rung: cuts at scenes, or into pieces of the planner's chunk length, encodes each piece
    separately and joins them to one file. x264 chooses its number of threads, which is Av1an's default."""

    def __init__(self, workers, scenes=True):
        self.workers, self.scenes = workers, scenes
        self.name = f"Av1an, {workers} workers" + ("" if scenes else ", no scenes")

    def prepare(self, work, folder):
        [rung] = work.rungs
        x264 = (f"--preset {work.preset} --profile high --crf {rung['crf']} --vbv-maxrate {rung['max_bitrate'] // 1000} "
                f"--vbv-bufsize {rung['max_bitrate'] * 3 // 2000} --keyint {work.gop} --min-keyint {work.gop} --scenecut 0")
        self.command = [Path(sys.executable).parent / "av1an", "-i", work.mezzanine, "-o", "out.mkv", "--temp", "temporary", "-q", "-y",
                        "--workers", str(self.workers), "--chunk-method", "segment", "--encoder", "x264", "--no-defaults",
                        "--video-params", x264, "--pix-format", "yuv420p",
                        "--ffmpeg", f"-vf scale={rung['width']}:{rung['height']}:flags=bicubic,setdar=16/9",
                        "--audio-params", f"-c:a aac -b:a {AUDIO} -ac 2"]
        if not self.scenes:
            # A length that divides the total gives one piece too many.
            self.command += ["--split-method", "none", "--extra-split", str(work.chunk + 1)]

    def go(self, work, folder):
        run(self.command, cwd=folder)

    def playlists(self, work, folder):
        return {r["name"]: folder / "out.mkv" for r in work.rungs}


class Reelsmith:
    """A whole job on the local stack: upload, hashing, proof, loudness, images, report, fetch, and the stack's own work."""

    def __init__(self, program, workers):
        self.program, self.workers = program, workers
        self.name = f"reelsmith, {workers} worker{'s' * (workers > 1)}"

    def up(self, work):
        settings = [f"PROFILE={work.profile}", f"MAX_CONCURRENCY={self.workers}", "ENABLE_H265=false"]
        run([self.program, "up", *(word for s in settings for word in ("--set", s))])

    def prepare(self, work, folder):
        self.up(work)
        self.manifest = folder / "bench.xml"
        run([self.program, "manifest", "new", work.mezzanine, "--out", self.manifest, "--force", "--manifest-id", "bench"])
        text = self.manifest.read_text()
        again = "<TranscodeSettings><EnableH265>false</EnableH265><ForceReprocess>true</ForceReprocess></TranscodeSettings>"
        self.manifest.write_text(text.replace("</AnimeTranscodeManifest>", f"{again}</AnimeTranscodeManifest>"))

    def go(self, work, folder):
        settings = [f"PROFILE={work.profile}", f"MAX_CONCURRENCY={self.workers}", "ENABLE_H265=false"]
        run([self.program, "run", self.manifest, "--mezzanine", work.mezzanine, "--out", folder / "out",
             *(word for s in settings for word in ("--set", s))])

    def report(self):
        return json.loads(run([self.program, "report", "--json"]))

    def playlists(self, work, folder):
        [master] = (folder / "out").glob("*/*/master.m3u8")
        return {r["name"]: master.parent / f"video/h264_{r['name']}/playlist.m3u8" for r in work.rungs}


def clean(folder):
    """Creates an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    return folder
