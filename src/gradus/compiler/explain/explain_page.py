"""A step's explanation as one HTML page: a picture of its kernels, their costs, the passes, the native code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from itertools import pairwise

from ...page_style import BASE
from ..graph.graph import Graph, Node, describe
from ..graph.lowerings import is_constant, is_view
from .explain import Explanation, Stage, amount, cells, compiling, graphs, listing, llvm_text, memory, seconds
from .layout import Box, Edge, layout, rows_of

LETTER, LINE = 6.7, 15.0  # width and height of a letter in the picture
COLUMNS = 34  # letters in a line of a box
MOST_LINES = 4  # of the operations in a box
FAR = 3  # rows that an arrow may go down; a value that is read further below is only named there


def render(found: Explanation) -> str:
    """The page's text; nothing is loaded from elsewhere when it is opened."""
    program = found.program
    total = sum(s.flops for s in found.stages)
    headline = {
        "one step": seconds(found.times.step),
        "kernels": str(len(found.stages)),
        "barriers": str(sum(s.barrier for s in found.stages)),
        "threads": str(program.threads),
        "operations a second": amount(total / found.times.step),
        "the machine's limit": amount(found.peak),
        "bytes of arena": amount(program.plan.arena),
    }
    figures = "".join(f"<div><b>{escape(v)}</b><span>{escape(k)}</span></div>" for k, v in headline.items())
    sections = [
        _section("The step", _LEGEND + f'<div class="wide">{picture(found)}</div>'),
        _section("Kernels", f'<div class="wide">{_table(found)}</div>{_NOTE}'),
        _section("The graph, pass by pass", "".join(_passes(found))),
        _section("What each kernel does, and its native code", "".join(_kernels(found))),
        _section("Memory", _pre(memory(program))),
        _section("Compiling", _pre(compiling(found))),
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>A compiled step</title>\n<style>{BASE}{_CSS}</style>\n</head>\n<body>\n<main>\n"
        "<h1>A compiled step</h1>\n"
        f'<div class="headline">{figures}</div>\n{"".join(sections)}</main>\n</body>\n</html>\n'
    )


_LEGEND = (
    "<p>Each box is a kernel: what is fused in it, which given or distant values it reads, its time as a bar. Below "
    "stand the values that it stores; arrows bring them to the next kernels. %1 &#8592; %2: %2 is written over %1.</p>"
)
_NOTE = (
    "<p>Each kernel is timed within the step. The limit is the machine's: its multiply-adds in registers, or a copy of "
    "as many bytes, whichever takes longer.</p>"
)


def _section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>\n"


def _pre(text: str) -> str:
    return f"<pre>{escape(text)}</pre>"


def _fold(title: str, body: str) -> str:
    return f"<details><summary>{escape(title)}</summary>{body}</details>\n"


def _table(found: Explanation) -> str:
    heads = ("", "kernel", "operations", "bytes", "time", "share of the step", "share of the limit", "limited by")
    rows = []
    for s, row in zip(found.stages, cells(found), strict=True):
        bars = [_bar(found.share(s), row[5]), _bar(min(found.efficiency(s), 1.0), row[6])]
        rows.append("".join(f"<td>{c}</td>" for c in (*map(escape, row[:5]), *bars, escape(row[7]))))
    head = "".join(f"<th>{h}</th>" for h in heads)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<table class="numbers"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _bar(part: float, label: str) -> str:
    return f'<span class="bar"><i style="width:{100 * part:.1f}%"></i></span><span class="share">{escape(label)}</span>'


def _passes(found: Explanation) -> Iterable[str]:
    """The graph as traced and after each pass; new lines are marked."""
    stages = list(graphs(found.program))
    yield _fold(f"{stages[0][0]}: {_count(stages[0][1])}", _pre(str(stages[0][1])))
    for (_, before), (name, after) in pairwise(stages):
        known, lines = set(str(before).splitlines()), str(after).splitlines()
        marked = "\n".join(escape(x) if x in known else f"<mark>{escape(x)}</mark>" for x in lines)
        same = " (nothing to do)" if str(before) == str(after) else ""
        yield _fold(f"after {name}: {_count(after)}{same}", f"<pre>{marked}</pre>")


def _count(graph: Graph) -> str:
    return f"{sum(n.op is not None for n in graph.nodes())} operations"


def _kernels(found: Explanation) -> Iterable[str]:
    for s in found.stages:
        code = _pre(llvm_text(found.program, s))
        yield _fold(f"{s.number}  {s.title}", _pre(listing(s)) + _fold("LLVM", code))


# -- the picture -------------------------------------------------------------------------------------------------------


def picture(found: Explanation) -> str:
    """The kernels and the values that go from one to another, as SVG."""
    maker: dict[Node | int, int] = {}  # of values, and of slots that hold packed operands
    edges: list[Edge] = []
    for i, s in enumerate(found.stages):
        packs = s.title.startswith("pack")
        edges += [Edge(maker[n], i, n) for n in (*s.reads, *(() if packs else s.scratch)) if n in maker]
        maker |= dict.fromkeys(s.scratch if packs else s.writes, i)
    rows = rows_of(len(found.stages), edges)
    edges = [e for e in edges if rows[e.target] - rows[e.source] <= FAR]
    near = {(e.target, e.value) for e in edges}
    lines = [_lines(found, s, [repr(n) for n in s.reads if (i, n) not in near]) for i, s in enumerate(found.stages)]
    boxes = [_box(found, *both) for both in zip(found.stages, lines, rows, strict=True)]
    ways, width, height = layout(boxes, edges)
    parts = [_arrow(found, e, way) for e, way in ways.items()]
    parts += [_drawn(found, *each) for each in zip(found.stages, lines, boxes, strict=True)]
    return (
        f'<svg class="graph" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" '
        f'role="img" aria-label="The kernels of the step">{_ARROWHEAD}{"".join(parts)}</svg>'
    )


_ARROWHEAD = (
    '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0 0 8 4 0 8z"/></marker></defs>'
)


def _lines(found: Explanation, s: Stage, reads: list[str]) -> list[str]:
    """What is written in a kernel's box; `reads` names what no arrow brings."""
    work = [n.kind for n in s.work if not is_view(n) and not is_constant(n)]
    fused = _wrapped(work)
    if len(fused) > MOST_LINES:
        fused = [*fused[: MOST_LINES - 1], f"... {len(work)} operations in all"]
    title = f"{s.number}  {s.title}"
    return [title, *fused, *_wrapped(reads, "reads "), f"{seconds(found.seconds(s))}, {found.share(s):.0%} of the step"]


def _wrapped(words: Sequence[str], head: str = "") -> list[str]:
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + len(word) < COLUMNS:
            lines[-1] += f" {word}"
        else:
            lines.append((head if not lines else "") + word)
    return lines


def _ports(found: Explanation, s: Stage) -> list[tuple[object, str]]:
    """The values that leave a box below, and how they are labelled."""
    if s.title.startswith("pack"):
        return [(slot, "packed") for slot in s.scratch]
    over = {value: target for target, value in found.program.graph.writes}
    return [(n, f"{over[n]!r} \u2190 {n!r}" if n in over else repr(n)) for n in s.writes]


def _port_width(found: Explanation, s: Stage) -> float:
    return max((len(label) for _, label in _ports(found, s)), default=0) * LETTER + 12


def _box(found: Explanation, s: Stage, lines: list[str], row: int) -> Box:
    width = max(max(map(len, lines)) * LETTER + 24, len(_ports(found, s)) * _port_width(found, s) + 12)
    return Box(width, (len(lines) + 1) * LINE + 24, row)


def _drawn(found: Explanation, s: Stage, lines: list[str], b: Box) -> str:
    parts = [_rectangle(s.title.split()[0], b.x, b.y, b.width, b.height, 7)]
    y = b.y + LINE + 3
    for i, line in enumerate(lines):
        name = "title" if i == 0 else "time" if i == len(lines) - 1 else "line"
        parts.append(f'<text class="{name}" x="{b.x + 12:.1f}" y="{y:.1f}">{escape(line)}</text>')
        y += LINE
    whole = b.width - 24
    for name, width in (("track", whole), ("filled", whole * found.share(s))):
        parts.append(_rectangle(name, b.x + 12, y - 9, width, 5, 2))
    for value, label in _ports(found, s):
        shape = describe(value) if isinstance(value, Node) else "the packed operand"
        place = f'x="{_port_x(found, s, b, value):.1f}" y="{b.y + b.height - 7:.1f}"'
        title = f"<title>{escape(shape)}</title>"
        parts.append(f'<text class="port" text-anchor="middle" {place}>{escape(label)}{title}</text>')
    return f"<g>{''.join(parts)}</g>"


def _rectangle(name: str, x: float, y: float, width: float, height: float, round_: int) -> str:
    size = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect class="{name}" {size} rx="{round_}"/>'


def _port_x(found: Explanation, s: Stage, b: Box, value: object) -> float:
    values = [v for v, _ in _ports(found, s)]
    return b.x + b.width * (values.index(value) + 0.5) / len(values)


def _arrow(found: Explanation, e: Edge, way: Sequence[Box]) -> str:
    """A line through the lanes between source and target, bent at each row."""
    source, *lanes, target = way
    arriving = sorted(target.above, key=lambda b: b.middle)
    last = lanes[-1] if lanes else source
    end = target.x + target.width * (arriving.index(last) + 0.5) / len(arriving)
    x, y = _port_x(found, found.stages[e.source], source, e.value), source.floor
    path = [f"M{x:.1f} {source.y + source.height:.1f} V{y:.1f}"]
    for at, top, bottom in (*((b.middle, b.y, b.floor) for b in lanes), (end, target.y, target.y)):
        bend = (y + top) / 2
        path.append(f"C{x:.1f} {bend:.1f} {at:.1f} {bend:.1f} {at:.1f} {top:.1f}")
        if bottom > top:
            path.append(f"V{bottom:.1f}")
        x, y = at, bottom
    label = f"{e.value!r} {describe(e.value)}" if isinstance(e.value, Node) else "the packed operand"
    return f'<path class="arrow" d="{" ".join(path)}" marker-end="url(#head)"><title>{escape(label)}</title></path>'


_CSS = """
:root { --matmul: #e4effa; --map: #eef4e6; --reduce: #faf1e0; --other: #f1eef7; --arrow: #8b97a6; --new: #fdf3c7; }
@media (prefers-color-scheme: dark) {
  :root { --matmul: #1f3145; --map: #26331f; --reduce: #3a3020; --other: #2e2840; --arrow: #77859a; --new: #4a431c; } }
main { max-width: 76rem; }
th, td { padding: .25rem 1.2rem .25rem 0; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap;
  font-weight: normal; }
th:nth-child(2), td:nth-child(2), th:last-child, td:last-child { text-align: left; }
.bar { display: inline-block; width: 7rem; height: .55rem; background: var(--line); border-radius: 3px;
  overflow: hidden; margin-right: .4rem; }
.share { display: inline-block; width: 3.4rem; }
.bar i { display: block; height: 100%; background: var(--accent); }
details { margin-top: .5rem; }
details details { margin-left: 1.2rem; }
pre { margin: .4rem 0; overflow-x: auto; font: 13px/1.45 ui-monospace, monospace; }
mark { background: var(--new); color: inherit; }
.graph text { font: 11px ui-monospace, monospace; fill: var(--ink); white-space: pre; }
.graph .title { font-weight: 600; }
.graph .line { fill: var(--soft); }
.graph .port { fill: var(--accent); }
.graph rect { fill: var(--other); stroke: var(--line); }
.graph .matmul { fill: var(--matmul); }
.graph .map { fill: var(--map); }
.graph .reduce { fill: var(--reduce); }
.graph .track { fill: var(--line); stroke: none; }
.graph .filled { fill: var(--accent); stroke: none; }
.graph .arrow { fill: none; stroke: var(--arrow); stroke-width: 1.3; }
.graph marker path { fill: var(--arrow); }
"""
