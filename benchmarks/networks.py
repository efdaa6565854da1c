"""The workloads of today's networks: residual, separable and U-shaped convolutions, transformers, and texts."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from itertools import pairwise
from typing import Any

from .records import NETWORKS, Asked, Prediction, Training, Workload, classifier

Model = Callable[[Any], Any]


def made(nn: Any, forward: Callable[..., Any], **parts: Any) -> Any:
    """A module of a namespace of layers, with these parts under these names: `forward(module, x)`."""

    class Made(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            for name, part in parts.items():
                setattr(self, name, part)

        def forward(self, x: Any) -> Any:
            return forward(self, x)

    return Made()


def arrays(nn: Any) -> Any:
    """The module with `arange` and `concatenate` that belongs to a namespace of layers."""
    package = nn.ReLU.__module__.partition(".")[0]
    return import_module({"benchmarks": "jax.numpy"}.get(package, package))


# -- pictures ----------------------------------------------------------------------------------------------------------


def normed(nn: Any, c: int, out: int, kernel: int = 3, stride: int = 1, groups: int = 1) -> list[Any]:
    """A convolution without bias that keeps height and width at stride 1, and BatchNorm."""
    layer = nn.Conv2d(c, out, kernel, stride=stride, padding=kernel // 2, groups=groups, bias=False)
    return [layer, nn.BatchNorm2d(out)]


def pooled(nn: Any, features: int) -> list[Any]:
    """The mean of each channel, and ten classes."""
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(features, 10)]


def residual(nn: Any, c: int, out: int, stride: int) -> Any:
    """He et al.'s basic block (2016): relu(two convolutions of x + x), x brought to the shape where it must be."""
    body = nn.Sequential(*normed(nn, c, out, stride=stride), nn.ReLU(), *normed(nn, out, out))
    if c == out:
        return made(nn, lambda m, x: m.last(m.body(x) + x), body=body, last=nn.ReLU())
    skip = nn.Sequential(*normed(nn, c, out, kernel=1, stride=stride))
    return made(nn, lambda m, x: m.last(m.body(x) + m.skip(x)), body=body, skip=skip, last=nn.ReLU())


def resnet(*widths: int, blocks: int) -> Model:
    """So many basic blocks of each width, on colour pictures; each width but the first halves height and width."""

    def model(nn: Any) -> Any:
        layers = [*normed(nn, 3, widths[0]), nn.ReLU()]
        for i, (c, out) in enumerate(pairwise((widths[0], *widths))):
            layers += [residual(nn, c, out, 2 if i else 1)]
            layers += [residual(nn, out, out, 1) for _ in range(blocks - 1)]
        return nn.Sequential(*layers, *pooled(nn, widths[-1]))

    return model


def mobilenet(nn: Any) -> Any:
    """Howard et al.'s separable convolutions (2017), as many as small pictures need: each depthwise, then pointwise."""
    layers = [*normed(nn, 3, 32), nn.ReLU()]
    for c, out, stride in ((32, 64, 1), (64, 128, 2), (128, 128, 1), (128, 256, 2), (256, 256, 1)):
        layers += [*normed(nn, c, c, stride=stride, groups=c), nn.ReLU(), *normed(nn, c, out, kernel=1), nn.ReLU()]
    return nn.Sequential(*layers, *pooled(nn, 256))


def unet(nn: Any, *widths: int) -> Any:
    """Ronneberger et al.'s network (2015), from its outermost widths inwards; one number for each place of a mask."""
    return nn.Sequential(_level(nn, 1, *widths), nn.Conv2d(widths[0], 1, 1))


def _level(nn: Any, c: int, width: int, *deeper: int) -> Any:
    """Two convolutions; where there is a deeper level, its result beside theirs, and two more."""
    down = _twice(nn, c, width)
    if not deeper:
        return down
    inner = nn.Sequential(
        nn.MaxPool2d(2), _level(nn, width, *deeper), nn.ConvTranspose2d(deeper[0], width, 2, stride=2)
    )
    concatenate = arrays(nn).concatenate

    def forward(m: Any, x: Any) -> Any:
        kept = m.down(x)
        return m.up(concatenate((kept, m.inner(kept)), 1))

    return made(nn, forward, down=down, inner=inner, up=_twice(nn, 2 * width, width))


def _twice(nn: Any, c: int, out: int) -> Any:
    return nn.Sequential(nn.Conv2d(c, out, 3, padding=1), nn.ReLU(), nn.Conv2d(out, out, 3, padding=1), nn.ReLU())


# -- transformers ------------------------------------------------------------------------------------------------------


def attending(nn: Any, width: int, heads: int, causal: bool, bias: bool) -> Any:
    """Self-attention over (n, l, width): one product for queries, keys and values."""
    attention = nn.functional.scaled_dot_product_attention

    def forward(m: Any, x: Any) -> Any:
        n, length, _ = x.shape
        z = m.all(x)
        parts = (z[..., i * width : (i + 1) * width] for i in range(3))
        q, k, v = (part.reshape(n, length, heads, width // heads).swapaxes(1, 2) for part in parts)
        return m.out(attention(q, k, v, is_causal=causal).swapaxes(1, 2).reshape(n, length, width))

    return made(nn, forward, all=nn.Linear(width, 3 * width, bias=bias), out=nn.Linear(width, width, bias=bias))


def transformer(nn: Any, width: int, heads: int, causal: bool) -> Any:
    """A block: attention, then a perceptron four times as wide; a decoder norms before each, an encoder after it."""
    bias = not causal
    parts = {
        "attention": attending(nn, width, heads, causal, bias),
        "first": nn.LayerNorm(width),
        "perceptron": nn.Sequential(
            nn.Linear(width, 4 * width, bias=bias), nn.GELU(), nn.Linear(4 * width, width, bias=bias)
        ),
        "second": nn.LayerNorm(width),
    }

    def before(m: Any, x: Any) -> Any:
        x = x + m.attention(m.first(x))
        return x + m.perceptron(m.second(x))

    def after(m: Any, x: Any) -> Any:
        x = m.first(x + m.attention(x))
        return m.second(x + m.perceptron(x))

    return made(nn, before if causal else after, **parts)


def placed(nn: Any, words: int, length: int, width: int) -> Any:
    """Each word's vector, and that of its place."""
    arange = arrays(nn).arange
    return made(
        nn,
        lambda m, x: m.words(x) + m.places(arange(length)),
        words=nn.Embedding(words, width),
        places=nn.Embedding(length, width),
    )


def gpt(nn: Any) -> Any:
    """The network that nanoGPT (Karpathy, 2022) trains on a CPU: characters, 64 at a time."""
    blocks = (transformer(nn, 128, 4, causal=True) for _ in range(4))
    return nn.Sequential(placed(nn, 65, 64, 128), *blocks, nn.LayerNorm(128), nn.Linear(128, 65, bias=False))


def bert(nn: Any) -> Any:
    """An encoder of the size of MiniLM (Wang et al., 2020), and the mean of its vectors: what a search compares."""
    blocks = (transformer(nn, 384, 12, causal=False) for _ in range(6))
    encoder = nn.Sequential(placed(nn, 30_522, 64, 384), nn.LayerNorm(384), *blocks)
    return made(nn, lambda m, x: m.encoder(x).mean(1), encoder=encoder)


# -- texts -------------------------------------------------------------------------------------------------------------


def bag(nn: Any) -> Any:
    """The mean of the words' vectors, and two classes."""
    parts = {"words": nn.Embedding(20_000, 64), "classes": nn.Linear(64, 2)}
    return made(nn, lambda m, x: m.classes(m.words(x).mean(1)), **parts)


def gru(nn: Any) -> Any:
    """The words' vectors one after the other through a GRU, and two classes of its last state."""
    parts = {"words": nn.Embedding(5_000, 64), "gru": nn.GRU(64, 128), "classes": nn.Linear(128, 2)}
    return made(nn, lambda m, x: m.classes(m.gru(m.words(x).swapaxes(0, 1))[1][-1]), **parts)


# -- what is measured --------------------------------------------------------------------------------------------------

MOMENTUM: dict[str, Any] = {"lr": 0.05, "options": {"momentum": 0.9}}
ADAM: dict[str, Any] = {"optimizer": "Adam", "lr": 1e-3}
OF_THESE: dict[str, Any] = {"group": NETWORKS, "memory_asked": None}


def _texts(name: str, title: str, model: Model, n: int, length: int, words: int, times: float) -> Training:
    """Texts of two classes."""
    options = {**ADAM, **OF_THESE, "at_least": (Asked(times),), "words": words, "classes": 2, "loss": "cross_entropy"}
    return Training(name, title, model=model, x=(n, length), y=(n,), **options)


def _pictures(name: str, title: str, model: Model, n: int, times: float) -> Training:
    """Colour pictures of 32x32, of ten classes."""
    return classifier(name, title, model, (n, 3, 32, 32), at_least=(Asked(times),), **MOMENTUM, **OF_THESE)


NETS: tuple[Workload, ...] = (
    _pictures("resnet20", "ResNet-20, 32x32, batch 64, SGD with momentum", resnet(16, 32, 64, blocks=3), 64, 2),
    Prediction(
        "resnet18_predict",
        "ResNet-18's widths (64-512), one picture of 64x64: prediction",
        (Asked(2),),
        **OF_THESE,
        model=resnet(64, 128, 256, 512, blocks=2),
        x=(1, 3, 64, 64),
    ),
    _pictures("mobilenet", "MobileNet's blocks (32-256), 32x32, batch 32, SGD with momentum", mobilenet, 32, 2.5),
    Training(
        "unet",
        "U-Net (16-32-64), 64x64, batch 8, Adam",
        (Asked(1.8),),
        **OF_THESE,
        **ADAM,
        model=lambda nn: unet(nn, 16, 32, 64),
        x=(8, 1, 64, 64),
        y=(8, 1, 64, 64),
        classes=2,
        loss="binary_cross_entropy_with_logits",
    ),
    Training(
        "gpt",
        "GPT, 4 layers, 4 heads, 128 wide, 64 long, batch 12, AdamW",
        (Asked(1.8),),
        **OF_THESE,
        model=gpt,
        x=(12, 64),
        y=(12 * 64,),
        words=65,
        classes=65,
        loss="cross_entropy",
        optimizer="AdamW",
        lr=1e-3,
        output=lambda out: out.reshape(-1, 65),
    ),
    Prediction(
        "bert_predict",
        "BERT-like encoder, 6 layers, 384 wide, one text of 64 words: prediction",
        (Asked(1.8),),
        **OF_THESE,
        model=bert,
        x=(1, 64),
        words=30_522,
    ),
    _texts("bag", "bag of words, embedding 20,000 x 64, 200 words, batch 32, Adam", bag, 32, 200, 20_000, 3),
    *(
        _texts(
            f"gru_{t}",
            f"GRU classifier, embedding 5,000 x 64, hidden 128, {t} steps, batch 32, Adam",
            gru,
            32,
            t,
            5_000,
            3.5,
        )
        for t in (100, 400)
    ),
)
