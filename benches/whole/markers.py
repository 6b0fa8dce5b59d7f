"""Documents whose tables are written between markers, and whose other words are by hand."""


def fill(path, parts):
    """Puts each part, by its name, between its markers."""
    text = path.read_text()
    for name, part in parts.items():
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        before, rest = text.split(begin)
        text = f"{before}{begin}\n{part}{end}{rest.split(end)[1]}"
    path.write_text(text)
