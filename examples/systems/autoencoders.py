"""Autoencoders: codes of 32 numbers from which digits come out again, noise taken away, sparse codes, greedy layers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import _script
import numpy as np

import gradus
from gradus import datasets, draw, models, nn, optim
from gradus.train import features, fit_unsupervised, pretrain_autoencoder

CODE = 32
SHOWN = 10  # pictures in the figure
SEEN = 20_000  # training pictures: enough, and three times as quick as all


class Pictures(NamedTuple):
    """What is learned and what it is measured on, as pictures and as rows, and how large and long it is done."""

    x: np.ndarray
    held_out: np.ndarray
    epochs: int
    hidden: int
    code: int
    progress: bool

    @property
    def size(self) -> int:
        return self.x.shape[-1]

    @property
    def rows(self) -> np.ndarray:
        return self.x.reshape(len(self.x), -1)

    @property
    def held_out_rows(self) -> np.ndarray:
        return self.held_out.reshape(len(self.held_out), -1)

    def fit(self, model: models.Autoencoder, lr: float = 2e-3) -> list[float]:
        """Train a model on the pictures, or on the rows if it takes those; the error of each epoch."""
        data = self.x if isinstance(model, models.ConvAutoencoder) else self.rows
        optimizer = optim.Adam(model.parameters(), lr=lr)
        history = fit_unsupervised(model.train().loss, optimizer, data, self.epochs, progress=self.progress)
        model.eval()
        return history["reconstruction"]

    def copies(self, model: models.Autoencoder, data: np.ndarray) -> np.ndarray:
        """What a model makes of pictures or rows, as pictures (n, size, size)."""
        return features(model, data).numpy().reshape(len(data), self.size, self.size)


def measure(fast: bool, say: Callable[..., None]) -> dict[str, Any]:
    """Train each kind on pictures, and measure on others that none has seen."""
    train, test = datasets.digits() if fast else datasets.mnist()
    x, z = train.arrays[0][: 1000 if fast else SEEN], test.arrays[0]
    data = Pictures(x, z, epochs=2 if fast else 10, hidden=64 if fast else 256, code=8 if fast else CODE,
                    progress=not fast)  # fmt: skip
    return _kinds(data, say) | _mending(data, say) | {"paths": _stacks(data, fast, say), "code": data.code}


def _kinds(data: Pictures, say: Callable[..., None]) -> dict[str, Any]:
    """Pictures through a narrow code: principal components, one layer, several, convolutions."""
    gradus.seed(0)
    pixels, z = data.rows.shape[1], data.held_out
    relu = {"activation": nn.ReLU, "code": nn.Identity}
    models_of = {
        "plain": models.DeepAutoencoder([pixels, data.code], **relu),
        "deep": models.DeepAutoencoder([pixels, data.hidden, data.hidden // 2, data.code], **relu),
        "convolutional": models.ConvAutoencoder(1, (data.size, data.size), data.code, width=8),
    }
    what = f"{len(data.x):,} pictures of {pixels} pixels, codes of {data.code} numbers"
    say(f"{what}: mean squared error on {len(z):,} others")
    made = {"PCA": _principal(data.rows, data.held_out_rows, data.code).reshape(-1, data.size, data.size)}
    for name, model in models_of.items():
        data.fit(model)
        made[name] = data.copies(model, z if name == "convolutional" else data.held_out_rows)
    errors = {name: float(((r - z[:, 0]) ** 2).mean()) for name, r in made.items()}
    for name, error in errors.items():
        say(f"  {name:14} {error:.4f}")
    return {"rows": {"data": z[:SHOWN, 0]} | {n: r[:SHOWN] for n, r in made.items()}, "errors": errors}


def _mending(data: Pictures, say: Callable[..., None]) -> dict[str, Any]:
    """Wide codes: one layer as it is, one that learns to mend noise, one whose units are to be silent mostly."""
    pixels, hidden, held_out = data.rows.shape[1], data.hidden, data.held_out_rows
    noise = partial(models.masking_noise, p=0.5)
    wide = {"code": nn.Sigmoid}
    plain = models.DeepAutoencoder([pixels, hidden], **wide)
    mender = models.DeepAutoencoder([pixels, hidden], corrupt=noise, **wide)
    sparse = models.DeepAutoencoder([pixels, hidden], penalty=partial(models.kl_sparsity, rho=0.05), **wide)
    noisy = noise(held_out).numpy()
    for model in (plain, mender, sparse):
        data.fit(model)
    say(f"Half of the pixels set to 0, and {hidden} hidden units: mean squared error to the clean picture")
    mended = data.copies(mender, noisy)
    for name, r in {"as it is": noisy, "plain": data.copies(plain, noisy), "denoising": mended}.items():
        say(f"  {name:14} {((r.reshape(-1, pixels) - held_out) ** 2).mean():.4f}")
    say("Units above 0.5, on average over the pictures")
    for name, model in {"plain": plain, "sparse": sparse}.items():
        say(f"  {name:14} {(features(model.encode, held_out).numpy() > 0.5).mean():.1%}")
    pictures = {"clean": data.held_out[:SHOWN, 0], "noisy": noisy[:SHOWN].reshape(-1, data.size, data.size)}
    filters = {"plain": plain, "denoising": mender, "sparse": sparse}
    return {
        "mended": pictures | {"mended": mended[:SHOWN]},
        "filters": {n: m.encoder[0].weight.numpy()[:25].reshape(-1, data.size, data.size) for n, m in filters.items()},
    }


def _stacks(data: Pictures, fast: bool, say: Callable[..., None]) -> dict[str, list[float]]:
    """Deep stacks of sigmoid layers, trained all together: from random weights, and layer by layer first."""
    inner = [data.hidden] if fast else [data.hidden, data.hidden // 2, data.hidden // 4]
    sizes = [data.rows.shape[1], *inner, data.code]
    say(f"Sigmoid layers {'-'.join(map(str, sizes))}, all trained together for {data.epochs} epochs: error in the last")
    paths = {}
    for name in ("from random weights", "layer by layer first"):
        gradus.seed(1)
        model = models.DeepAutoencoder(sizes)
        if name.startswith("layer"):
            pretrain_autoencoder(model, data.rows, max(data.epochs // 3, 1), lr=2e-3, progress=data.progress)
        paths[name] = data.fit(model, lr=1e-3)
        say(f"  {name:20} {paths[name][-1]:.4f}")
    return paths


def _principal(rows: np.ndarray, others: np.ndarray, code: int) -> np.ndarray:
    """What principal component analysis makes of other pictures with so many components: the best that is linear."""
    mean = rows.mean(0)
    _, vectors = np.linalg.eigh((rows - mean).T @ (rows - mean))
    basis = vectors[:, -code:]
    return (others - mean) @ basis @ basis.T + mean


def draw_all(found: dict[str, Any]) -> Any:
    """Reconstructions, mended pictures, filters, and the paths with and without greedy pre-training."""
    with draw.styled():
        figure = draw.new_figure(10.5, 12)
        figure.get_layout_engine().set(rect=(0.02, 0, 0.96, 1))  # room for the names at the left
        grid = figure.add_gridspec(3, 3, height_ratios=[5, 2.6, 3.6])
        rows = {f"{n}\n{found['errors'][n]:.4f}" if n in found["errors"] else n: r for n, r in found["rows"].items()}
        title = f"Pictures never seen, through a code of {found['code']} numbers (below the name: mean squared error)"
        draw.image_rows(figure.add_subplot(grid[0, :]), rows, title)
        title = "Half of the pixels are taken away, and a denoising autoencoder puts them back"
        draw.image_rows(figure.add_subplot(grid[1, :2]), found["mended"], title)
        _paths(figure.add_subplot(grid[1, 2]), found["paths"])
        for i, (name, weights) in enumerate(found["filters"].items()):
            title = f"{name}: weights of 25 units\n(red: above 0, blue: below)"
            draw.image_grid(figure.add_subplot(grid[2, i]), weights, 5, title, signed=True)
        return figure


def _paths(axes: Any, paths: dict[str, list[float]]) -> None:
    for colour, (name, errors) in zip((draw.BLUE, draw.ORANGE), paths.items(), strict=True):
        axes.plot(range(1, len(errors) + 1), errors, "o-", markersize=4, color=colour, label=name)
    axes.set_xlabel("epoch, all layers together")
    axes.set_ylabel("mean squared error")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    axes.set_title("Greedy pre-training of a deep stack", fontsize=11)


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Measure and draw."""
    return _script.run(__file__, measure, draw_all, arguments)


if __name__ == "__main__":
    main()
