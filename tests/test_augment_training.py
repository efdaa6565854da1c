"""Changes of pictures in a training, in a loader, and on their page."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradus
from gradus import nn
from gradus.data import (
    ColorJitter,
    Compose,
    CutMix,
    DataLoader,
    MixUp,
    Normalize,
    RandomAffine,
    RandomCrop,
    RandomHorizontalFlip,
    RandomVerticalFlip,
    TensorDataset,
)
from gradus.errors import ArgumentError, CheckpointError, ShapeError


def pictures(n: int = 4, c: int = 3, h: int = 6, w: int = 8) -> gradus.Tensor:
    return gradus.tensor(np.random.default_rng(0).random((n, c, h, w)).astype(np.float32))


def same(found: Any, expected: Any, atol: float = 0) -> None:
    np.testing.assert_allclose(np.asarray(found), np.asarray(expected), rtol=0, atol=atol)


# -- in a training -----------------------------------------------------------------------------------------------------


def data(n: int = 40) -> TensorDataset:
    rng = np.random.default_rng(0)
    return TensorDataset(rng.random((n, 3, 8, 8)).astype(np.float32), rng.integers(0, 3, n), classes=("a", "b", "c"))


def network(*front: nn.Module) -> nn.Module:
    gradus.seed(0)
    return nn.Sequential(*front, nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 3))


def trained(
    front: tuple[nn.Module, ...] = (), loss: Any = "cross_entropy", **options: Any
) -> tuple[gradus.Trainer, np.ndarray]:
    model = network(*front)
    trainer = gradus.Trainer(model, loss, gradus.optim.SGD(model.parameters(), lr=0.1), **options)
    trainer.fit(data(), epochs=2, batch_size=8, progress=False)
    return trainer, np.concatenate([p.numpy().ravel() for p in model.parameters()])


def several() -> nn.Module:
    colours = ColorJitter(0.2, 0.2, 0.2, 0.1)
    return Compose([RandomCrop(8, padding=2), RandomHorizontalFlip(), RandomAffine(10), colours])


def test_in_front_of_the_model_or_given_to_the_trainer_is_the_same() -> None:
    _, plain_weights = trained(compile=False)
    in_front, weights = trained((several(),))
    beside, others = trained(augment=several())
    same(weights, others)
    assert not np.allclose(weights, plain_weights)
    assert in_front.history.records[-1]["loss"] == beside.history.records[-1]["loss"]
    assert not (in_front.eager or beside.eager)
    x = data().arrays[0]
    same(in_front.predict(x), beside.predict(x))  # in evaluation nothing is changed


def test_eager_training_is_compiled_training() -> None:
    _, natively = trained(augment=several())
    _, eagerly = trained(augment=several(), compile=False)
    same(natively, eagerly, 1e-5)


def test_a_training_has_the_same_bits_on_any_number_of_threads(shared: None) -> None:
    weights = []
    for threads in (1, 3):
        gradus.set_num_threads(threads)
        weights.append(trained(augment=several())[1])
    same(*weights)


@pytest.mark.parametrize("compiled", [True, False])
def test_mixtures_in_a_training(compiled: bool) -> None:
    trainer, _ = trained(augment=Compose([several(), CutMix(num_classes=3), MixUp()]), compile=compiled)
    record = trainer.history.records[-1]
    assert 0 <= record["accuracy"] <= 1 and np.isfinite(record["loss"])
    assert not trainer.eager


@pytest.mark.parametrize("compiled", [True, False])
def test_metrics_of_training_are_of_the_changed_targets(compiled: bool) -> None:
    """A model that says what its input is, trained to say what the mask is: they are changed alike, so it is right."""
    rng = np.random.default_rng(0)
    mask = rng.integers(0, 2, (24, 6, 6))
    x = np.stack([1.0 - mask, mask], 1).astype(np.float32)

    class Same(nn.Module):
        def __init__(self) -> None:
            self.scale = nn.Parameter([1.0])

        def forward(self, x: gradus.Tensor) -> gradus.Tensor:
            return x * self.scale

    model = Same()
    changes = Compose([RandomHorizontalFlip(), RandomVerticalFlip(), RandomCrop(6, padding=1, padding_mode="edge")])
    trainer = gradus.Trainer(
        model, "cross_entropy", gradus.optim.SGD(model.parameters(), lr=0.0), compile=compiled, augment=changes
    )
    history = trainer.fit(TensorDataset(x, mask), epochs=2, batch_size=8, progress=False)
    assert [r["accuracy"] for r in history.records] == [1.0, 1.0]


def test_a_resumed_training_goes_on_with_the_same_bits(tmp_path: Any) -> None:
    def fresh() -> gradus.Trainer:
        model = network()
        return gradus.Trainer(
            model, "cross_entropy", gradus.optim.SGD(model.parameters(), lr=0.1), compile=False, augment=several()
        )

    whole, part = fresh(), fresh()
    gradus.seed(7)
    whole.fit(data(), epochs=3, batch_size=8, progress=False)
    gradus.seed(7)
    part.fit(data(), epochs=2, batch_size=8, progress=False, run=tmp_path / "run")
    gradus.seed(123)
    again = fresh()
    again.fit(data(), epochs=3, batch_size=8, progress=False, run=tmp_path / "run", resume=True)
    for a, b in zip(whole.model.parameters(), again.model.parameters(), strict=True):
        same(a, b)
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert "RandomCrop(size=(8, 8)" in config["training"]["augment"]
    other = fresh()
    other.augment = None
    with pytest.raises(CheckpointError, match=r"augment: was .Compose.*, is None"):
        other.fit(data(), epochs=4, batch_size=8, progress=False, run=tmp_path / "run", resume=True)


def test_a_trainer_refuses_what_evaluation_needs_too() -> None:
    with pytest.raises(ArgumentError, match="augment holds Normalize, which evaluation needs"):
        trained(augment=Compose([several(), Normalize([0.5], [0.5])]))
    with pytest.raises(ShapeError, match=r"\(8, 3, 8, 8\) to \(8, 3, 4, 4\)"):
        trained(augment=RandomCrop(4))
    with pytest.raises(ArgumentError, match="augment is a Module"):
        trained(augment=lambda x, y: (x, y))

    class Forgetful(nn.Module):
        def forward(self, x: gradus.Tensor, y: gradus.Tensor) -> gradus.Tensor:
            return x

    with pytest.raises(ArgumentError, match="a batch of 2 tensors, and is to give a tuple of as many"):
        trained(augment=Forgetful())


# -- the page ----------------------------------------------------------------------------------------------------------

ROOT = Path(__file__).parent.parent


def test_the_programs_of_the_page_run(tmp_path: Path, eagerly: None) -> None:
    page = (ROOT / "docs" / "augmentation.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", page, flags=re.M | re.S)
    program = "\n".join(blocks).replace("epochs=1", "epochs=1, progress=False")
    few = program.replace("= datasets.digits()", "= (data.Subset(part, range(60)) for part in datasets.digits())")
    assert few != program
    (tmp_path / "page.py").write_text(few)
    left = runpy.run_path(str(tmp_path / "page.py"))
    assert left["x"].shape == (4, 1, 64, 64) and left["mask"].dtype == "int64" and len(blocks) == 3
    assert np.isfinite(left["trainer"].evaluate(left["test"])["loss"])


def test_the_script_that_says_what_it_is_worth(capsys: pytest.CaptureFixture[str], eagerly: None) -> None:
    script = runpy.run_path(str(ROOT / "examples" / "crops_and_flips.py"))
    script["main"]("digits", "softmax", epochs=1, seeds=1)
    lines = capsys.readouterr().out.splitlines()
    assert [line[:8] for line in lines] == ["as they ", "cropped "] and all("test 0." in line for line in lines)


def test_a_loader_of_one_picture_after_the_other() -> None:
    for x, y in DataLoader(data(4), batch_size=2):
        assert several()(x).shape == x.shape and y.shape == (2,)
