"""Measures the output: bytes of the media, and SSIM against the mezzanine scaled to the rung."""
import re
import subprocess
from urllib.parse import unquote

from measure import run


def media_bytes(playlist):
    """Total bytes of the segments and the init segment of a media playlist, and its duration in seconds."""
    text = playlist.read_text()
    names = set(re.findall(r'URI="([^"]+)"', text)) | {line for line in text.splitlines() if line and not line.startswith("#")}
    seconds = sum(map(float, re.findall(r"#EXTINF:([\d.]+)", text)))
    return sum((playlist.parent / unquote(name)).stat().st_size for name in names), seconds


def opened(media):
    """ffmpeg's input options for a media playlist or a file."""
    return ["-allowed_extensions", "ALL", "-i", media] if media.suffix == ".m3u8" else ["-i", media]


def picture_bytes(media):
    """Bytes of the coded pictures, without the container."""
    out = run(["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "packet=size", "-of", "csv=p=0", *opened(media)])
    return sum(int(line.strip(",")) for line in out.split())


def ssim(media, mezzanine, rung, seconds=None):
    """Mean SSIM of all planes over all frames, from 0 to 1; over the first seconds if the output is shorter."""
    part = ["-t", str(seconds)] if seconds else []
    graph = (f"[0:v]settb=AVTB,setpts=N/TB/25[a];[1:v]scale={rung['width']}:{rung['height']}:flags=bicubic,format=yuv420p,"
             "settb=AVTB,setpts=N/TB/25[b];[a][b]ssim")
    done = subprocess.run(
        ["ffmpeg", "-hide_banner", "-nostdin", *opened(media), *part, "-i", mezzanine,
         "-filter_complex", graph, "-an", "-f", "null", "-"], capture_output=True, text=True, check=True)
    return float(re.search(r"SSIM .*All:([\d.]+)", done.stderr)[1])


def frames(media):
    """Number of decoded frames of a rung."""
    out = run(["ffprobe", "-v", "error", "-count_frames", "-select_streams", "v:0", "-show_entries", "stream=nb_read_frames",
               "-of", "csv=p=0", *opened(media)])
    return int(out.split()[0].strip(","))
