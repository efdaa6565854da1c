"""The transformer's layers (Vaswani et al., 2017): attention and a small network, each added to what came in."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, ClassVar

from ... import functional as F
from ...errors import one_of
from ...functional.checks import at_least_one
from ...ops import full, where
from ...ops.making.create import iota
from ...tensor import Tensor
from ..core import init
from ..core.containers import ModuleList
from ..core.module import Module
from .attention import MultiheadAttention
from .dropout import Dropout
from .linear import Linear
from .norm import LayerNorm

__all__ = [
    "Transformer",
    "TransformerDecoder",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "TransformerEncoderLayer",
]

_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"relu": F.relu, "gelu": F.gelu}
Function = str | Callable[[Tensor], Tensor]


class _Layer(Module):
    """What both kinds of layers share: attention to itself, the small network, and how each is added."""

    has_memory: ClassVar[bool] = False
    multihead_attn: MultiheadAttention
    norm1: LayerNorm
    norm2: LayerNorm
    norm3: LayerNorm
    dropout1: Dropout
    dropout2: Dropout
    dropout3: Dropout

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Function = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
    ) -> None:
        at_least_one(type(self).__name__, dim_feedforward=dim_feedforward)
        if not callable(activation):
            one_of(type(self).__name__, "activation", activation, _ACTIVATIONS)
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first)
        if self.has_memory:
            self.multihead_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first)
        self.linear1, self.linear2 = Linear(d_model, dim_feedforward, bias), Linear(dim_feedforward, d_model, bias)
        self.dropout, self.norm_first, self.activation = Dropout(dropout), norm_first, activation
        for i in range(1, 4 if self.has_memory else 3):
            setattr(self, f"norm{i}", LayerNorm(d_model, layer_norm_eps, bias=bias))
            setattr(self, f"dropout{i}", Dropout(dropout))

    def _added(self, x: Tensor, norm: Module, part: Callable[[Tensor], Tensor]) -> Tensor:
        """x and what a part makes of it, normalised before or after."""
        return x + part(norm(x)) if self.norm_first else norm(x + part(x))

    def _attended(self, attention: Module, dropout: Module, x: Tensor, to: Tensor | None, *masks: Any) -> Tensor:
        padding, mask, causal = masks
        memory = x if to is None else to
        found = attention(x, memory, memory, padding, mask, causal, need_weights=False)[0]
        return dropout(found)  # type: ignore[no-any-return]

    def _network(self, x: Tensor, last: Module) -> Tensor:
        f = _ACTIVATIONS[self.activation] if isinstance(self.activation, str) else self.activation
        return last(self.linear2(self.dropout(f(self.linear1(x)))))  # type: ignore[no-any-return]


class TransformerEncoderLayer(_Layer):
    """x <- norm(x + attention(x)), then x <- norm(x + linear2(f(linear1(x)))), with dropout in each.

    Args:
        d_model: features; nhead: attentions side by side, which divide them.
        dim_feedforward: features between the two linear layers.
        dropout: the probability, in training.
        activation: f, "relu", "gelu" or a function.
        batch_first: axes (n, l, features) rather than (l, n, features).
        norm_first: normalise what goes into each part rather than the sums: x + part(norm(x)).

    >>> import gradus
    >>> TransformerEncoderLayer(8, nhead=2, batch_first=True)(gradus.ones((3, 5, 8))).shape
    (3, 5, 8)
    """

    def forward(
        self, src: Tensor, src_mask: Any = None, src_key_padding_mask: Any = None, is_causal: bool = False
    ) -> Tensor:
        """The masks are those of MultiheadAttention: true where a query may NOT look, or numbers to add."""
        masks = (src_key_padding_mask, src_mask, is_causal)
        x = self._added(src, self.norm1, lambda y: self._attended(self.self_attn, self.dropout1, y, None, *masks))
        return self._added(x, self.norm2, lambda y: self._network(y, self.dropout2))


class TransformerDecoderLayer(_Layer):
    """An encoder layer with attention to another sequence, the memory, between its two parts.

    Args: those of TransformerEncoderLayer.

    >>> import gradus
    >>> layer = TransformerDecoderLayer(8, nhead=2, batch_first=True)
    >>> layer(gradus.ones((3, 5, 8)), gradus.ones((3, 4, 8))).shape
    (3, 5, 8)
    """

    has_memory = True

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """Of the sequence and of the memory each has its masks."""
        own = (tgt_key_padding_mask, tgt_mask, tgt_is_causal)
        other = (memory_key_padding_mask, memory_mask, memory_is_causal)
        x = self._added(tgt, self.norm1, lambda y: self._attended(self.self_attn, self.dropout1, y, None, *own))
        x = self._added(
            x, self.norm2, lambda y: self._attended(self.multihead_attn, self.dropout2, y, memory, *other)
        )
        return self._added(x, self.norm3, lambda y: self._network(y, self.dropout3))


class _Stack(Module):
    def __init__(self, layer: Module, num_layers: int, norm: Module | None = None) -> None:
        at_least_one(type(self).__name__, num_layers=num_layers)
        self.layers = ModuleList([copy.deepcopy(layer) for _ in range(num_layers)])
        self.norm = norm


class TransformerEncoder(_Stack):
    """Copies of an encoder layer, one after the other, and a last norm if one is given.

    Args:
        layer: which is copied; the copies begin with equal weights, as in PyTorch.
        num_layers: how many.
        norm: a module for the end.

    >>> import gradus
    >>> encoder = TransformerEncoder(TransformerEncoderLayer(8, nhead=2, batch_first=True), num_layers=2)
    >>> encoder(gradus.ones((3, 5, 8))).shape
    (3, 5, 8)
    """

    def forward(
        self, src: Tensor, mask: Any = None, src_key_padding_mask: Any = None, is_causal: bool = False
    ) -> Tensor:
        """The masks go to every layer."""
        for layer in self.layers.children():
            src = layer(src, mask, src_key_padding_mask, is_causal)
        return src if self.norm is None else self.norm(src)


class TransformerDecoder(_Stack):
    """Copies of a decoder layer, one after the other, and a last norm if one is given.

    Args: those of TransformerEncoder.

    >>> import gradus
    >>> decoder = TransformerDecoder(TransformerDecoderLayer(8, nhead=2, batch_first=True), num_layers=2)
    >>> decoder(gradus.ones((3, 5, 8)), gradus.ones((3, 4, 8))).shape
    (3, 5, 8)
    """

    def forward(self, tgt: Tensor, memory: Tensor, *masks: Any, **options: Any) -> Tensor:
        """The masks, those of TransformerDecoderLayer, go to every layer."""
        for layer in self.layers.children():
            tgt = layer(tgt, memory, *masks, **options)
        return tgt if self.norm is None else self.norm(tgt)


class Transformer(Module):
    """An encoder and a decoder that looks at what the encoder made, each with a last norm.

    Args:
        d_model, nhead, dim_feedforward, dropout, activation, batch_first, norm_first: see TransformerEncoderLayer.
        num_encoder_layers, num_decoder_layers: how many layers of each.

    >>> import gradus
    >>> model = Transformer(8, 2, num_encoder_layers=1, num_decoder_layers=1, dim_feedforward=16, batch_first=True)
    >>> model(gradus.ones((3, 4, 8)), gradus.ones((3, 5, 8))).shape
    (3, 5, 8)
    """

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Function = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
    ) -> None:
        options = (d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias)
        norms = (LayerNorm(d_model, layer_norm_eps, bias=bias) for _ in range(2))
        self.encoder = TransformerEncoder(TransformerEncoderLayer(*options), num_encoder_layers, next(norms))
        self.decoder = TransformerDecoder(TransformerDecoderLayer(*options), num_decoder_layers, next(norms))
        for p in self.parameters():
            if p.ndim > 1:
                init.xavier_uniform_(p)

    def forward(
        self,
        src: Tensor,
        tgt: Tensor,
        src_mask: Any = None,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        src_key_padding_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        src_is_causal: bool = False,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """The decoder's result for `tgt`, which looks at the encoder's for `src`."""
        memory = self.encoder(src, src_mask, src_key_padding_mask, src_is_causal)
        paddings = (tgt_key_padding_mask, memory_key_padding_mask)
        causal = (tgt_is_causal, memory_is_causal)
        return self.decoder(tgt, memory, tgt_mask, memory_mask, *paddings, *causal)  # type: ignore[no-any-return]

    @staticmethod
    def generate_square_subsequent_mask(size: int) -> Tensor:
        """-inf where a query would look at a key after it, else 0.

        >>> Transformer.generate_square_subsequent_mask(2)
        tensor([[  0., -inf],
                [  0.,   0.]])
        """
        after = iota(size).reshape(size, 1) < iota(size)
        return where(after, full((), -float("inf")), 0.0)
