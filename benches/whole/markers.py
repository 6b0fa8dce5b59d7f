"""Writes the generated parts of documents between their markers."""


def fill(path, parts):
    """Replaces the named parts of a document."""
    text = path.read_text()
    for name, part in parts.items():
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        before, rest = text.split(begin)
        text = f"{before}{begin}\n{part}{end}{rest.split(end)[1]}"
    path.write_text(text)
