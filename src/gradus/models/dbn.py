"""The deep belief network: a stack of restricted Boltzmann machines, learned one by one from below."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from ..autograd import no_grad
from ..errors import ArgumentError
from ..functional.checks import at_least, at_least_one, sizes_of
from ..nn import Flatten, Identity, Linear, Module, Sequential, Sigmoid
from ..ops import full
from ..random import bernoulli
from ..tensor import Tensor
from .autoencoder import DeepAutoencoder
from .rbm import RBM


class DBN(Module):
    """The deep belief network: the hidden units of each RBM are the visible ones of the next.

    `train.pretrain_dbn` learns it greedily. Then it generates, `generate`; gives a classifier, `to_classifier`, or a
    deep autoencoder, `to_autoencoder`, to be fine-tuned by backpropagation; or features, by calling it.

    Args:
        sizes: units of the data and of each hidden layer: `[784, 500, 500, 2000]`.
        units: of the data, "bernoulli" for values in [0, 1] or "gaussian" for standardised ones.
        code: of the highest layer, "bernoulli", or "gaussian" for a code of any numbers.
        chains: that each machine keeps, for persistent contrastive divergence.

    Its machines are in the list `rbms`. An input of shape (n, ...) is flattened to (n, sizes[0]); the result is
    E[h | v] layer after layer, (n, sizes[-1]).

    Source: Hinton, Osindero and Teh, "A fast learning algorithm for deep belief nets" (2006).

    >>> import gradus
    >>> dbn = DBN([784, 50, 20])
    >>> dbn(gradus.zeros((5, 784))).shape, dbn.generate(3, steps=2).shape
    ((5, 20), (3, 784))
    """

    def __init__(
        self, sizes: Sequence[int], units: str = "bernoulli", code: str = "bernoulli", chains: int = 0
    ) -> None:
        sizes = sizes_of("DBN", "sizes", sizes, least=2)
        last = len(sizes) - 2
        self.rbms = [
            RBM(before, after, units if i == 0 else "bernoulli", code if i == last else "bernoulli", chains)
            for i, (before, after) in enumerate(pairwise(sizes))
        ]

    @property
    def sizes(self) -> list[int]:
        """Units of the data and of each hidden layer."""
        return [self.rbms[0].visible, *(rbm.hidden for rbm in self.rbms)]

    def forward(self, v: Tensor) -> Tensor:
        v = v.flatten(1)
        for rbm in self.rbms:
            v = rbm.hidden_given(v)
        return v

    def decode(self, h: Tensor) -> Tensor:
        """E[v | h] from the highest layer down: (n, sizes[-1]) to (n, sizes[0])."""
        for rbm in reversed(self.rbms):
            h = rbm.visible_given(h)
        return h

    @no_grad()
    def generate(self, n: int, steps: int = 200, start: Tensor | None = None) -> Tensor:
        """Draw samples: Gibbs steps in the highest RBM, and from there down, layer by layer.

        The steps are one native program, called again and again. `gradus.seed` determines what comes.

        Args:
            n: how many.
            steps: of Gibbs sampling in the highest RBM.
            start: data (n, sizes[0]) whose features the chains start from; None starts them at coins thrown.

        Returns:
            (n, sizes[0]): E[v | h] of the lowest layer, from states drawn in all others.
        """
        from .. import compiler

        at_least_one("DBN.generate", n=n)
        at_least(0, "DBN.generate", steps=steps)
        *below, top = self.rbms
        state = full((n, top.visible), 0.5) if start is None else start
        for rbm in below if start is not None else ():
            state = rbm.hidden_given(state)
        state = bernoulli(state) if top.units == "bernoulli" else state
        step = compiler.natively(top.gibbs)
        for _ in range(steps - 1):
            state = step(state)
        return self._down(top.visible_given(top.sample_hidden(state)) if steps else state)

    def _down(self, mean: Tensor) -> Tensor:
        """From E[v | h] of the highest RBM to that of the lowest."""
        for rbm in reversed(self.rbms[:-1]):
            mean = rbm.visible_given(bernoulli(mean))
        return mean

    def to_classifier(self, classes: int) -> Sequential:
        """A network with the weights of the stack, copied, and a new linear layer on top, for backpropagation.

        Flatten, then Linear and Sigmoid for each RBM, then Linear to the classes: logits for cross-entropy.

        >>> DBN([784, 50, 20]).to_classifier(10)[3].weight.shape
        (20, 50)
        """
        at_least_one("DBN.to_classifier", classes=classes)
        if self.rbms[-1].hidden_units == "gaussian":
            raise ArgumentError("to_classifier: its layers are sigmoids, but the highest units are Gaussian")
        layers: list[Module] = [Flatten()]
        for rbm in self.rbms:
            layers += [_write(Linear(rbm.visible, rbm.hidden), rbm.weight, rbm.hidden_bias), Sigmoid()]
        return Sequential(*layers, Linear(self.sizes[-1], classes))

    def to_autoencoder(self) -> DeepAutoencoder:
        """The stack unrolled: an encoder that goes up, and a decoder that goes down with the same weights, copied.

        A Gaussian highest layer becomes a linear code. Encoder and decoder are then fine-tuned apart.

        Source: Hinton and Salakhutdinov, "Reducing the dimensionality of data with neural networks" (2006).

        >>> model = DBN([784, 100, 30], code="gaussian").to_autoencoder()
        >>> [tuple(p.shape) for p in model.parameters() if p.ndim == 2]
        [(100, 784), (30, 100), (100, 30), (784, 100)]
        """
        model = DeepAutoencoder(
            self.sizes,
            activation=Sigmoid,
            code=Identity if self.rbms[-1].hidden_units == "gaussian" else Sigmoid,
            output=Identity if self.rbms[0].units == "gaussian" else Sigmoid,
        )
        for up, down, rbm in zip(model.encoder[::2], model.decoder[-2::-2], self.rbms, strict=True):
            _write(up, rbm.weight, rbm.hidden_bias)
            _write(down, rbm.weight.T, rbm.visible_bias)
        return model


def _write(layer: Any, weight: Tensor, bias: Tensor) -> Any:
    """The linear layer, with copies of these."""
    layer.weight.assign_(weight.detach())
    layer.bias.assign_(bias.detach())
    return layer
