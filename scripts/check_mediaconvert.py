"""Holds requests to MediaConvert against botocore's model of the service. Called by scripts/check-mediaconvert."""

import copy
import json
import re
import sys
from pathlib import Path

import botocore.session
from botocore.model import ListShape, MapShape, Shape, StructureShape

NUMBERS = {"integer": int, "long": int, "double": (int, float), "float": (int, float)}


def faults(shape: Shape, value: object, path: str):
    """What the model does not allow of a value, in words."""
    if isinstance(shape, StructureShape):
        yield from of_structure(shape, value, path)
    elif isinstance(shape, ListShape):
        if not isinstance(value, list):
            yield f"{path}: expected a list, found {value!r}"
            return
        for index, item in enumerate(value):
            yield from faults(shape.member, item, f"{path}[{index}]")
    elif isinstance(shape, MapShape):
        if not isinstance(value, dict):
            yield f"{path}: expected a map, found {value!r}"
            return
        for key, item in value.items():
            yield from faults(shape.value, item, f"{path}[{key!r}]")
    elif shape.type_name == "string":
        yield from of_string(shape, value, path)
    elif shape.type_name in NUMBERS:
        yield from of_number(shape, value, path)
    elif shape.type_name == "boolean":
        if not isinstance(value, bool):
            yield f"{path}: expected true or false, found {value!r}"
    else:
        yield f"{path}: a {shape.type_name}, which this check does not know"


def of_structure(shape: StructureShape, value: object, path: str):
    if not isinstance(value, dict):
        yield f"{path}: expected a structure, found {value!r}"
        return
    members = {m.serialization.get("name", n): (n, m) for n, m in shape.members.items()}
    for name, item in value.items():
        if name not in members:
            yield f"{path}: {shape.name} has no member {name!r}"
        else:
            yield from faults(members[name][1], item, f"{path}/{name}")
    given = {members[name][0] for name in value if name in members}
    for name in set(shape.required_members) - given:
        yield f"{path}: {shape.name} requires {name}"


def of_string(shape: Shape, value: object, path: str):
    if not isinstance(value, str):
        yield f"{path}: expected a text, found {value!r}"
        return
    if shape.enum and value not in shape.enum:
        yield f"{path}: expected one of {shape.enum}, found {value!r}"
    low, high = shape.metadata.get("min", 0), shape.metadata.get("max", sys.maxsize)
    if not low <= len(value) <= high:
        yield f"{path}: expected {low} to {high} characters, found {len(value)}"
    pattern = shape.metadata.get("pattern")
    if pattern and not re.search(pattern, value):
        yield f"{path}: expected {pattern}, found {value!r}"


def of_number(shape: Shape, value: object, path: str):
    if not isinstance(value, NUMBERS[shape.type_name]) or isinstance(value, bool):
        yield f"{path}: expected a {shape.type_name}, found {value!r}"
        return
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    # The model tells the range of a double only in the name of its shape.
    named = re.match(r"__doubleMin(Negative)?(\d+)(?:Max(Negative)?(\d+))?$", shape.name)
    if named:
        low = int(named[2]) * (-1 if named[1] else 1)
        high = int(named[4]) * (-1 if named[3] else 1) if named[4] else None
    if low is not None and value < low or high is not None and value > high:
        yield f"{path}: expected {low} to {high}, found {value}"


GROUP = ("settings", "outputGroups", 0)
VIDEO = (*GROUP, "outputs", 0, "videoDescription")
H264 = (*VIDEO, "codecSettings", "h264Settings")
CMAF = (*GROUP, "outputGroupSettings", "cmafGroupSettings")
# Where, and what instead; None removes it.
DAMAGES = [
    (("role",), None),
    (("priority",), 51),
    (("queue",), 7),
    (("clientToken",), "x"),
    ((*GROUP, "outputGroupSettings", "type"), "CMAF"),
    ((*CMAF, "destination"), "https://example.org/"),
    ((*CMAF, "segmentLength"), 0),
    ((*CMAF, "segmentLengthControl"), "ROUND"),
    ((*VIDEO, "width"), 16),
    ((*H264, "qvbrSettings", "qvbrQualityLevel"), 11),
    ((*H264, "maxBitrate"), 999),
    ((*H264, "gopSize"), "48"),
    ((*H264, "gopSize"), -1),
    ((*H264, "codecLevel"), "LEVEL_7"),
    ((*GROUP, "outputs", 0, "nameModifier"), ""),
]


def damaged(request: dict, where: tuple, instead: object) -> dict:
    request = copy.deepcopy(request)
    *path, last = where
    inner = request
    for step in path:
        inner = inner[step]
    if instead is None:
        del inner[last]
    else:
        inner[last] = instead
    return request


def main(folder: Path) -> int:
    model = botocore.session.get_session().get_service_model("mediaconvert")
    shape = model.operation_model("CreateJob").input_shape
    requests = {p.stem: json.loads(p.read_text()) for p in sorted(folder.glob("*.json"))}
    found = [f"{name}: {fault}" for name, r in requests.items() for fault in faults(shape, r, "")]
    if not requests:
        found.append("there are no requests")
    for where, instead in DAMAGES if requests else []:
        bad = damaged(next(iter(requests.values())), where, instead)
        if len(list(faults(shape, bad, ""))) != 1:
            found.append(f"the damage {instead!r} at {where} is not found")
    print("\n".join(found[:40]))
    print(
        f"check-mediaconvert: {len(requests)} requests held against botocore {botocore.__version__}, "
        f"{len(DAMAGES)} damages; {len(found)} faults"
    )
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
