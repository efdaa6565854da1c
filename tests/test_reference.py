"""The reference: what `gradus help` prints, and the pages of docs/reference."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner
from tools import write_reference

from gradus.cli import main
from gradus.errors import ArgumentError
from gradus.names import reference, rooms

SAID = {
    "softmax": r"^gradus\.softmax\(x, axis=-1.*\n\nNumbers above 0 that sum to 1",
    "nn.Conv2d": r"^gradus\.nn\.Conv2d\(in_channels, out_channels, kernel_size",
    "gradus.optim.Adam": r"^gradus\.optim\.Adam\(params, lr=0\.001",
    "Trainer.fit": r"^Trainer\.fit\(train, validation=None",
    "abs": r"^gradus\.abs\(x\)\nAnother name of absolute\.",
    "Tensor.backward": r"^x\.backward\(gradient=None",
    "torch.nn.Linear": r"^torch\.nn\.Linear is here:\n\ngradus\.nn\.Linear\(in_features",
    "torch.Tensor.view": r"is here:\n\nx\.view\(\*shape\)",
    "np.mean": r"is here:\n\ngradus\.mean\(x",
    "keras.layers.Dense": r"^keras\.layers\.Dense: Write instead: gradus\.nn\.Linear\(",
    "tf.keras.Model.compile": r"Write instead: gradus\.Trainer\(model, loss, optimizer, metrics\)",
    "tensorflow.reduce_mean": r"Write instead: gradus\.mean\(x, axis\)",
    "F.gelu": r"is here:\n\ngradus\.nn\.functional\.gelu",
    "Dense": r"^Dense: Write instead: gradus\.nn\.Linear\(",
    "torch.cuda.is_available": r"There is one device, the CPU",
    "ToTensor": r"^ToTensor: Write instead: gradus\.data\.read_image\(path\)",
    "CenterCrop": r"Write instead: gradus\.data\.RandomCrop\(size\)\.eval\(\)",
    "gradus.data.Resize": r"Write instead: gradus\.nn\.functional\.interpolate\(x, size\)",
    "sklearn.model_selection.train_test_split": r"Write instead: gradus\.data\.random_split\(data, \[0\.8, 0\.2\]\)",
    "pandas.DataFrame": r"Write instead: gradus\.data\.Table\(columns\)",
    "fft": r"There are no complex numbers",
}


@pytest.mark.parametrize("name", SAID)
def test_help(name: str) -> None:
    done = CliRunner().invoke(main, ["help", name])
    assert done.exit_code == 0
    assert re.search(SAID[name], done.output), done.output


@pytest.mark.parametrize(("name", "meant"), [("sofmax", "softmax"), ("nn.Conv2dd", "Conv2d"), ("zzzz", None)])
def test_nobodys_name(name: str, meant: str | None) -> None:
    done = CliRunner().invoke(main, ["help", name])
    assert done.exit_code == 2
    assert f"there is no {name!r} in gradus" in done.output
    assert (f"Did you mean {meant!r}" in done.output) is (meant is not None)
    with pytest.raises(ArgumentError):
        reference.help_text(name)


def test_every_public_name_has_an_entry() -> None:
    for room in rooms.ROOMS:
        entries = {e.path.rpartition(".")[2] for e in reference.entries(room)}
        assert entries == set(rooms.offered(room))


def test_an_example_is_code_and_arguments_are_a_list() -> None:
    text = "What it is.\n\nArgs:\n    x: a tensor.\n        Of floats.\n\n>>> f(1)\n2\n\nMore."
    assert write_reference._markdown(text) == (
        "What it is.\n\n**Args**\n\n- `x`: a tensor.\n        Of floats.\n\n```python\n>>> f(1)\n2\n```\n\nMore."
    )


def test_the_pages_are_what_the_docstrings_say() -> None:
    wanted = write_reference.pages()
    there = {page.name: page.read_text(encoding="utf-8") for page in write_reference.written()}
    assert {name for name in {*wanted, *there} if wanted.get(name) != there.get(name)} == set(), (
        "run: python -m tools.write_reference"
    )


def test_the_pages_link_to_what_is_there() -> None:
    pages = {page.name: page.read_text(encoding="utf-8") for page in write_reference.written()}
    heads = {name: set(re.findall(r"^## (.*)$", text.casefold(), re.M)) for name, text in pages.items()}
    missing = []
    for name, text in pages.items():
        for page, place in re.findall(r"\]\(([\w.]*)#([^)]*)\)", text):
            if place not in heads[page or name]:
                missing.append(f"{name}: {page}#{place}")
    assert missing == []
