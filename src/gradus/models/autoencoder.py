"""Autoencoders: plain, deep, denoising, sparse and convolutional ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from .. import functional as F
from ..errors import ArgumentError, ShapeError
from ..functional.checks import in_range, require_function, sizes_of
from ..nn import Conv2d, Flatten, Identity, Linear, Module, ReLU, Sequential, Sigmoid
from ..ops import maximum, minimum, where
from ..random import bernoulli, rand, randn
from ..tensor import Tensor, as_tensor

Function = Callable[[Tensor], Tensor]


class Autoencoder(Module):
    """x is encoded, and decoded again: r = decoder(encoder(x)), learned without labels by making r like x.

    Args:
        encoder: from x to the code.
        decoder: from the code to the reconstruction, of x's shape.
        corrupt: makes a noisy x in training, from which the clean one must come out: a denoising autoencoder
            (Vincent et al., 2008). `partial(masking_noise, p=0.3)` and so on.
        penalty: of the code, added to the loss: a sparse autoencoder. `partial(kl_sparsity, rho=0.05, weight=0.1)`.
        measure: the loss between r and x, `F.mse_loss` or, for values in [0, 1], `F.binary_cross_entropy`.

    >>> import gradus
    >>> from gradus import nn
    >>> model = Autoencoder(nn.Linear(6, 2), nn.Linear(2, 6))
    >>> x = gradus.ones((5, 6))
    >>> model.encode(x).shape, model(x).shape, sorted(model.loss(x))
    ((5, 2), (5, 6), ['loss', 'reconstruction'])
    """

    def __init__(
        self,
        encoder: Module,
        decoder: Module,
        corrupt: Function | None = None,
        penalty: Function | None = None,
        measure: Callable[[Tensor, Tensor], Tensor] = F.mse_loss,
    ) -> None:
        require_function("Autoencoder", encoder=encoder, decoder=decoder)
        self.encoder, self.decoder = encoder, decoder
        self.corrupt, self.penalty, self.measure = corrupt, penalty, measure

    def encode(self, x: Tensor) -> Any:
        """The code of x."""
        return self.encoder(x)

    def decode(self, code: Tensor) -> Any:
        """The reconstruction from a code."""
        return self.decoder(code)

    def forward(self, x: Tensor) -> Any:
        return self.decode(self.encode(x))

    def loss(self, x: Tensor) -> dict[str, Tensor]:
        """What training lowers: "loss", the reconstruction's and the penalty; "reconstruction", the first alone."""
        noisy = self.corrupt(x) if self.corrupt and self.training else x
        code = self.encode(noisy)
        out = self.decode(code)
        if out.shape != x.shape:
            raise ShapeError(
                f"Autoencoder: the decoder gives {out.shape} for data of shape {x.shape}",
                "Its result must have the shape of the data; flatten images first, x.flatten(1), or end it in one.",
            )
        reconstruction = self.measure(out, x)
        total = reconstruction + self.penalty(code) if self.penalty else reconstruction
        return {"loss": total, "reconstruction": reconstruction.detach()}


class DeepAutoencoder(Autoencoder):
    """Linear layers that narrow to the code, and as many that widen again.

    Args:
        sizes: the length of a sample, of each hidden layer, and of the code: `[784, 1000, 500, 250, 30]`; two numbers
            make the plain autoencoder.
        activation, code, output: make the activations of the hidden layers, the code and the reconstruction.
        options: `corrupt`, `penalty` and `measure` of Autoencoder.

    >>> import gradus
    >>> model = DeepAutoencoder([784, 100, 30])
    >>> model.encode(gradus.zeros((5, 784))).shape, model.layer(1).decoder[0].weight.shape
    ((5, 30), (100, 30))
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activation: Callable[[], Module] = Sigmoid,
        code: Callable[[], Module] = Identity,
        output: Callable[[], Module] = Sigmoid,
        **options: Any,
    ) -> None:
        sizes = sizes_of("DeepAutoencoder", "sizes", sizes, least=2)
        up = _layers(sizes, [*[activation] * (len(sizes) - 2), code])
        down = _layers(sizes[::-1], [*[activation] * (len(sizes) - 2), output])
        super().__init__(up, down, **options)

    encoder: Sequential
    decoder: Sequential

    def __len__(self) -> int:
        return len(self.encoder) // 2

    def layer(self, i: int) -> Autoencoder:
        """Layer i of the encoder with its counterpart of the decoder: an autoencoder of one layer, the weights shared.

        Raises:
            ArgumentError: there is no such layer.
        """
        if not 0 <= i < len(self):
            raise ArgumentError(f"layer: the encoder has {len(self)} layers, from 0 to {len(self) - 1}; got {i}")
        j = len(self) - 1 - i
        up, down = self.encoder[2 * i : 2 * i + 2], self.decoder[2 * j : 2 * j + 2]
        return Autoencoder(up, down, self.corrupt, self.penalty, self.measure)


def _layers(sizes: Sequence[int], activations: Sequence[Callable[[], Module]]) -> Sequential:
    """Linear, activation, Linear, activation ..."""
    layers: list[Module] = []
    for (before, after), activation in zip(pairwise(sizes), activations, strict=True):
        layers += [Linear(before, after), activation()]
    return Sequential(*layers)


class ConvAutoencoder(Autoencoder):
    """Two convolutions that halve height and width, a linear code, and the way back by doubling and convolving.

    Doubled pixels and a convolution in place of a transposed one leave no chequered pattern (Odena et al., 2016).

    Args:
        channels: those of the pictures.
        size: height and width, multiples of 4.
        code: numbers in the code.
        width: channels of the first layer; the second has twice as many.
        options: `corrupt`, `penalty` and `measure` of Autoencoder.

    >>> import gradus
    >>> model = ConvAutoencoder(1, (28, 28), code=16)
    >>> x = gradus.zeros((2, 1, 28, 28))
    >>> model.encode(x).shape, model(x).shape
    ((2, 16), (2, 1, 28, 28))
    """

    def __init__(
        self, channels: int = 1, size: tuple[int, int] = (28, 28), code: int = 32, width: int = 16, **options: Any
    ) -> None:
        h, w = size
        if h % 4 or w % 4:
            raise ArgumentError(
                f"ConvAutoencoder: height and width must be multiples of 4, got {size}. Pad the pictures."
            )
        inner = (2 * width, h // 4, w // 4)
        length = inner[0] * inner[1] * inner[2]
        super().__init__(
            Sequential(
                *(Conv2d(channels, width, 3, stride=2, padding=1), ReLU()),
                *(Conv2d(width, 2 * width, 3, stride=2, padding=1), ReLU()),
                *(Flatten(), Linear(length, code)),
            ),
            Sequential(
                *(Linear(code, length), ReLU(), _Reshape(inner)),
                *(_Double(), Conv2d(2 * width, width, 3, padding=1), ReLU()),
                *(_Double(), Conv2d(width, channels, 3, padding=1), Sigmoid()),
            ),
            **options,
        )


class _Reshape(Module):
    """(n, c h w) to (n, c, h, w)."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape((len(x), *self.shape))


class _Double(Module):
    """Each pixel becomes 2 x 2 of them: (n, c, h, w) to (n, c, 2h, 2w)."""

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        return x.reshape((n, c, h, 1, w, 1)).broadcast_to((n, c, h, 2, w, 2)).reshape((n, c, 2 * h, 2 * w))


# -- noise -------------------------------------------------------------------------------------------------------------


def masking_noise(x: Any, p: float = 0.3) -> Tensor:
    """Each number becomes 0 with probability p.

    Source: Vincent et al., "Extracting and composing robust features with denoising autoencoders" (2008).

    >>> masking_noise([1.0, 2.0], p=0.0)
    tensor([1., 2.])
    """
    in_range("masking_noise", "p", p, "[0, 1]")
    x = as_tensor(x)
    kept = bernoulli(1 - p, x.shape).astype(x.dtype)
    noisy: Tensor = x * kept
    return noisy


def gaussian_noise(x: Any, std: float = 0.3) -> Tensor:
    """x + std e, e normal with standard deviation 1.

    >>> gaussian_noise([1.0, 2.0], std=0.0)
    tensor([1., 2.])
    """
    in_range("gaussian_noise", "std", std, "[0, inf)")
    x = as_tensor(x)
    noisy: Tensor = x + std * randn(x.shape, dtype=x.dtype)
    return noisy


def salt_and_pepper(x: Any, p: float = 0.3) -> Tensor:
    """Each number becomes, with probability p, the smallest or the largest of all, by the throw of a coin.

    >>> salt_and_pepper([1.0, 2.0], p=0.0)
    tensor([1., 2.])
    """
    in_range("salt_and_pepper", "p", p, "[0, 1]")
    x = as_tensor(x)
    u = rand(x.shape, dtype=x.dtype)
    return where(u < p / 2, x.min(), where(u < p, x.max(), x))


# -- sparsity ----------------------------------------------------------------------------------------------------------


def _code(where: str, code: Any) -> Tensor:
    """The code as a Tensor (n, ...) of one sample or more."""
    given: Tensor = as_tensor(code)
    if not given.ndim or not given.size:
        raise ShapeError(f"{where}: the code has shape {given.shape}", "It must be (n, units) of one sample or more.")
    return given


def l1_sparsity(code: Any, weight: float = 1e-3) -> Tensor:
    """weight sum |code|, averaged over the samples: most units of a code become 0.

    >>> l1_sparsity([[1.0, -2.0], [0.0, 1.0]], weight=0.5)
    tensor(1.)
    """
    in_range("l1_sparsity", "weight", weight, "[0, inf)")
    code = _code("l1_sparsity", code)
    penalty: Tensor = weight * code.absolute().sum() / len(code)
    return penalty


def kl_sparsity(code: Any, rho: float = 0.05, weight: float = 1e-3) -> Tensor:
    """weight sum_j KL(rho || m_j), m_j the mean activity of unit j over the batch: it is on in a share rho of samples.

    KL(rho || m) = rho log(rho / m) + (1 - rho) log((1 - rho) / (1 - m)).

    Args:
        code: activities in [0, 1], as a sigmoid gives them, (n, units).
        rho: the activity asked for, in (0, 1).
        weight: how much it counts.

    Source: Ng, "Sparse autoencoder", CS294A lecture notes (2011).

    >>> kl_sparsity([[0.1, 0.0], [0.0, 0.1]], rho=0.05)
    tensor(0.)
    """
    in_range("kl_sparsity", "rho", rho, "(0, 1)")
    in_range("kl_sparsity", "weight", weight, "[0, inf)")
    mean: Tensor = minimum(maximum(_code("kl_sparsity", code).mean(0), 1e-6), 1 - 1e-6)
    return weight * (rho * (rho / mean).log() + (1 - rho) * ((1 - rho) / (1 - mean)).log()).sum()
