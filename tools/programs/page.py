"""docs/examples.md: a line for each program, with its figure and its time."""

from __future__ import annotations

import ast

from .record import ORDER, PROGRAMS, ROOT, Result, kept

PAGE = ROOT / "docs" / "examples.md"
_TITLES = {"numbers": "Numbers, games and graphs", "pictures": "Pictures", "text": "Text"}
_COLUMNS = "| program | what it does | figure at the end | seconds |"
_HEAD = """# Programs to begin with

Short programs that people look for first, each complete in one file of less than 100 lines, to be read from top to
bottom and changed. Whoever comes from PyTorch finds how the same is written here. Each tells at its top how long it
takes, shows its progress, and ends with a figure; `--fast` runs it in seconds, on small or made data, as the tests do:

    python examples/programs/numbers/gan.py --fast

The data are looked for in `$GRADUS_DATA`, and most are downloaded where they are not there.

![What the programs show at their end](pictures/examples.png)

The figures and the times are those of one full run each on one thread, written by `python -m tools.programs`, which
draws the picture, too. The seconds are those of the processor: others used the machine as well, and by the clock the
runs took longer. They include the start and the compiling, unless the cache had the steps already.
"""
_IDIOMS = """## Which idiom is where

| idiom | programs |
|---|---|
| a step of one's own as one native program: `@gradus.compile` | {linear_regression}, {bigram}, {shakespeare} |
| `Trainer`: metrics, validation, progress, compiled by itself | {fashion_lenet}, {names_mlp}, {forecast} |
| a loss without targets, several numbers shown: `fit_unsupervised` | {vae}, {denoising} |
| two networks and two optimizers in one compiled step | {gan} |
| random numbers drawn inside of a compiled step | {gan}, {diffusion}, {policy_gradient} |
| a layer, a gradient and a loop of one's own; clipping; a rate that changes | {own_parts} |
| a model with several inputs | {house_prices}, {reviews} |
| sequences of many lengths, padded little | {reviews}, {dates} |
| pictures changed at random by layers that act in training only | {cifar_resnet} |
| frozen weights, a frozen network, trained pixels | {distillation}, {style_transfer} |
| values looked at outside of the step: games, sampling letter by letter | {deep_q}, {policy_gradient}, {shakespeare} |
"""


def summary(name: str) -> str:
    """The first line of a program's docstring."""
    text = ast.get_docstring(ast.parse((PROGRAMS / f"{name}.py").read_text(encoding="utf-8"))) or ""
    return text.splitlines()[0]


def page() -> str:
    """The page as it is to be."""
    results = kept()
    lines = [_HEAD]
    for folder, names in ORDER.items():
        lines += [f"## {_TITLES[folder]}", "", _COLUMNS, "|---|---|---|---:|"]
        lines += [_row(results[f"{folder}/{name}"]) for name in names if f"{folder}/{name}" in results]
        lines.append("")
    links = {name: _link(f"{folder}/{name}") for folder, names in ORDER.items() for name in names}
    lines.append(_IDIOMS.format(**links))
    places = sorted({f"{r['machine']}, {r['date']}, gradus {r['version']}" for r in results.values()})
    lines.append(f"Run on {' and '.join(places)}.")
    return "\n".join(lines) + "\n"


def _row(result: Result) -> str:
    name = result["name"]
    told = f"{result['what']}: **{result['figure']}**"
    return f"| {_link(name)} | {summary(name)} | {told} | {result['processor_seconds']:.0f} |"


def _link(name: str) -> str:
    return f"[{name.partition('/')[2]}](../examples/programs/{name}.py)"
