"""Make a case that differs as small as possible."""


def shrink(case, differences, found, tries=300):
    """The smallest case found that still differs in the same way as found."""
    kind = kinds(found)
    budget = [tries]

    def differs(candidate):
        if budget[0] <= 0 or candidate.size() >= case.size():
            return False
        budget[0] -= 1
        return bool(kind & kinds(differences(candidate)))

    changed = True
    while changed and budget[0] > 0:
        changed = False
        for candidate in candidates(case):
            if differs(candidate):
                case, changed = candidate, True
                break
    return case


def kinds(found):
    """Dialect, command and the first words of each difference."""
    return {" ".join(d.split()[:6 if "error" in d else 3]) for d in found}


def candidates(case):
    """Smaller cases, the boldest first."""
    if len(case.dialects) > 1:
        for d in case.dialects:
            yield case.copy(dialects=(d,))
    if len(case.commands) > 1:
        for c in case.commands:
            yield case.copy(commands=(c,))
    for name in case.files:
        if name != "buildout.cfg":
            yield case.copy(files={n: t for n, t in case.files.items() if n != name})
    for what in ("args", "parts"):
        items = getattr(case, what)
        for i in range(len(items)):
            yield case.copy(**{what: items[:i] + items[i + 1:]})
    if case.lenient:
        yield case.copy(lenient=False)
    for name, text in case.files.items():
        for smaller in texts(text):
            yield case.copy(files=dict(case.files, **{name: smaller}))


def texts(text):
    """The text without runs of lines, then with shorter lines."""
    lines = text.splitlines(True) if b"\n" in text else text.replace(b"\r", b"\r\0").split(b"\0")
    run = len(lines)
    while run >= 1:
        for at in range(0, len(lines), run):
            yield b"".join(lines[:at] + lines[at + run:])
        run //= 2
    for i, line in enumerate(lines):
        words = line.split(b" ")
        for k in range(len(words)):
            yield b"".join(lines[:i] + [b" ".join(words[:k] + words[k + 1:])] + lines[i + 1:])
    if b"\r\n" in text:
        yield text.replace(b"\r\n", b"\n")
