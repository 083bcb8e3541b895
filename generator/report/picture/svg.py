"""A scene as SVG: self-contained, readable in light and dark, on paper and without colours, and by screen readers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from generator.report.picture.scene import Box, Connection, Scene, alone_lines
from generator.report.picture.shapes import Rect, Route
from generator.report.picture.text import LINE, SIZE, shortened
from generator.report.safe import one_line
from generator.semantics.nodes import NodeKind
from generator.semantics.reasons import Verdict

STYLE = """\
.graph { --paper: #ffffff; --ink: #1b2430; --faint: #5b6673; --line: #51606f; --band: #f2f5f8; --edge: #c3ccd6;
  --workload: #ffffff; --workload-line: #2f5d8c; --crowd: #e6eef7; --platform: #fdf1dc; --platform-line: #96660b;
  --outside: #ece8f4; --outside-line: #6b4f9c; --doubt: #a03c00; }
@media (prefers-color-scheme: dark) { .graph { --paper: #12181f; --ink: #e8edf2; --faint: #a3afbb; --line: #93a3b3;
  --band: #1a222b; --edge: #3b4855; --workload: #212d3a; --workload-line: #7fb2e5; --crowd: #1d3148;
  --platform: #3a2e17; --platform-line: #e0b050; --outside: #2e2640; --outside-line: #b79bea; --doubt: #ff9d5c; } }
.graph text { font: 12px system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif; fill: var(--ink); }
.graph .paper { fill: var(--paper); }
.graph .band { fill: var(--band); stroke: var(--edge); }
.graph .title { font-weight: 600; fill: var(--faint); stroke: var(--band); stroke-width: 5; paint-order: stroke; }
.graph .note { fill: var(--faint); }
.graph .line { fill: none; stroke: var(--line); stroke-width: 1.4; }
.graph .tip { fill: var(--line); stroke: none; }
.graph .label rect { fill: var(--paper); stroke: var(--edge); }
.graph .unknown { stroke-dasharray: 5 4; }
.graph .line.unknown { stroke: var(--doubt); }
.graph .tip.unknown { fill: var(--doubt); }
.graph .label.unknown { stroke-dasharray: none; }
.graph .label.unknown rect { stroke: var(--doubt); stroke-dasharray: 5 4; }
.graph .label.unknown text { fill: var(--doubt); }
.graph .node path, .graph .node rect { fill: var(--workload); stroke: var(--workload-line); stroke-width: 1.4; }
.graph .crowd rect { fill: var(--crowd); stroke: var(--workload-line); }
.graph .gateway rect, .graph .plumbing rect { fill: var(--platform); stroke: var(--platform-line); }
.graph .outside rect { fill: var(--outside); stroke: var(--outside-line); }
.graph a:focus { outline: none; }
.graph a:focus rect, .graph a:hover rect { stroke: var(--workload-line); stroke-width: 3; stroke-dasharray: none; }
"""
"""Colours are never alone: kinds differ in their outline, what is unknown is dashed and says so."""

_CORNER = {NodeKind.WORKLOAD: 4, NodeKind.CROWD: 4, NodeKind.GATEWAY: 16, NodeKind.PLUMBING: 16, NodeKind.OUTSIDE: 0}
_TIP = 7.0
_BOLD = 1.15
"""How much wider bold text is."""


def as_svg(scene: Scene, title: str, note: str, *, is_inline: bool = False) -> str:
    """Return *scene* as SVG.

    With *is_inline* it is part of a page, which holds the style, and its labels lead to
    ``#edge-NUMBER`` of that page.
    """
    layout = scene.layout
    notes = [note] if note else []
    width, height = max(layout.width, 480.0), layout.height + LINE * len(notes) + (6 if notes else 0)
    size = f'width="{_n(width)}" height="{_n(height)}" viewBox="0 0 {_n(width)} {_n(height)}"'
    name = "" if is_inline else ' xmlns="http://www.w3.org/2000/svg"'
    lines = [
        f'<svg{name} class="graph" role="{"group" if is_inline else "img"}" {size} '
        'aria-labelledby="graph-title graph-desc">',
        f'<title id="graph-title">{_t(title)}</title>',
        f'<desc id="graph-desc">{_t(described(scene, note))}</desc>',
    ]
    if not is_inline:
        lines += ["<style>", STYLE.rstrip(), "</style>"]
    lines.append(f'<rect class="paper" width="{_n(width)}" height="{_n(height)}"/>')
    lines += [f'<rect class="band" rx="8" {_at(rect)}/>' for rect in layout.bands.values()]
    for route in layout.routes:
        lines += _route(route, scene.connections[route.line])
    for band, rect in layout.bands.items():
        lines += _titles(band, rect, scene.alone.get(band, ()))
    for one, rect in zip(scene.connections, layout.labels, strict=True):
        lines += _label(one, rect, is_link=is_inline)
    for key, box in scene.boxes.items():
        lines += _box(box, layout.shapes[key])
    for number, text in enumerate(notes):
        y = layout.height + LINE * number + 2
        lines.append(f'<text class="note" x="14" y="{_n(y)}">{_t(text)}</text>')
    return "\n".join([*lines, "</svg>"])


def described(scene: Scene, note: str) -> str:
    """Return the picture in words, for who does not see it."""
    found = []
    for one in scene.connections:
        clients, servers = (", ".join(scene.boxes[name].node.name for name in ends) for ends in (one.tails, one.heads))
        found.append(f"{clients} to {servers}: {' '.join(one.lines)}.")
    alone = [f"{namespace}/{name}" for namespace, names in scene.alone.items() for name in names]
    found += [f"No connection is drawn of {', '.join(alone)}."] if alone else []
    return " ".join([*found, note]).strip()


def _titles(name: str, rect: Rect, alone: Sequence[str]) -> Iterator[str]:
    title = f"namespace {name}"
    short = shortened(title, (rect.right - rect.left - 24) / _BOLD)
    text = f'<text class="title" x="{_n(rect.left + 12)}" y="{_n(rect.top + 19)}">{_t(short)}</text>'
    yield text if short == one_line(title) else f"<g><title>{_t(title)}</title>{text}</g>"
    lines = alone_lines(alone, rect.right - rect.left - 32)
    for number, text in enumerate(lines):
        y = rect.bottom - 12 - LINE * (len(lines) - 1 - number)
        yield f'<text class="note" x="{_n(rect.left + 16)}" y="{_n(y)}">{_t(text)}</text>'


def _route(route: Route, one: Connection) -> Iterator[str]:
    doubt = "" if one.verdict is Verdict.YES else " unknown"
    points = list(route.points)
    (x, y), (after, _) = points[:2]
    sign = 1 if after > x else -1
    if route.is_head:
        points[0] = (x + sign * _TIP, y)
    path = f"M{_p(points[0])}"
    for index in range(0, len(points) - 1, 2):
        (start, level), (end, other) = points[index : index + 2]
        middle = (start + end) / 2
        path += f"C{_p((middle, level))} {_p((middle, other))} {_p((end, other))}"
        path += f"H{_n(points[index + 2][0])}"
    yield f'<path class="line{doubt}" d="{path}"/>'
    if route.is_head:
        tip = f"M{_p((x, y))}L{_p((x + sign * _TIP, y - 4))}L{_p((x + sign * _TIP, y + 4))}z"
        yield f'<path class="tip{doubt}" d="{tip}"/>'


def _label(one: Connection, rect: Rect, *, is_link: bool) -> Iterator[str]:
    doubt = "" if one.verdict is Verdict.YES else " unknown"
    inner = [f'<rect rx="7" {_at(rect)}/>', *_texts(one.lines, rect)]
    if is_link:
        ends = f"{_names(one.tails)} to {_names(one.heads)}: {' '.join(one.lines)}"
        inner = [f'<a href="#edge-{one.edges[0] + 1}" aria-label="{_t(ends)}">', *inner, "</a>"]
    yield from (f'<g class="label{doubt}">', *inner, "</g>")


def _names(keys: Iterable[str]) -> str:
    return ", ".join(key.removeprefix("\0") for key in keys)


def _box(box: Box, rect: Rect) -> Iterator[str]:
    kind = box.node.kind
    yield f'<g class="node {kind}"><title>{_t(f"{box.node.name} ({kind})")}</title>'
    if kind is NodeKind.CROWD:  # a second outline behind the first: more than one
        behind = Rect(rect.left + 4, rect.top - 4, rect.right + 4, rect.bottom - 4)
        yield f'<rect rx="{_CORNER[kind]}" {_at(behind)}/>'
    yield f'<rect rx="{_CORNER[kind]}" {_at(rect)}/>'
    yield from _texts(box.lines, rect)
    yield "</g>"


def _texts(lines: Sequence[str], rect: Rect) -> Iterator[str]:
    first = rect.middle - LINE * (len(lines) - 1) / 2 + SIZE * 0.35
    for number, text in enumerate(lines):
        y = _n(first + LINE * number)
        yield f'<text text-anchor="middle" x="{_n(rect.centre)}" y="{y}">{_t(text)}</text>'


def _at(rect: Rect) -> str:
    width, height = rect.right - rect.left, rect.bottom - rect.top
    return f'x="{_n(rect.left)}" y="{_n(rect.top)}" width="{_n(width)}" height="{_n(height)}"'


def _n(number: float) -> str:
    """Return *number* with one digit: two runs, and two machines, write the same."""
    return f"{round(number, 1) + 0.0:g}"


def _p(point: tuple[float, float]) -> str:
    return f"{_n(point[0])} {_n(point[1])}"


def _t(text: str) -> str:
    return escape(one_line(text))
