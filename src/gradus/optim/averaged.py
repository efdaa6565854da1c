"""The average of a model's weights over training, which often predicts better than the last ones."""

from __future__ import annotations

import copy
from typing import Any

from .. import dtypes
from ..autograd import no_grad
from ..functional.checks import in_range
from ..nn import Module
from ..nn.core.unsized import require_sized
from ..ops import where
from ..tensor import tensor

__all__ = ["AveragedModel"]


class AveragedModel(Module):
    """A copy of a model whose weights are averages of the model's, taken at each `update_parameters`.

    With a decay, an exponential moving average: w <- decay w + (1 - decay) w_model (Polyak and Juditsky, 1992); else
    the mean of all so far, stochastic weight averaging (Izmailov et al., 2018). The first update copies. May be called
    in a compiled step.

    Args:
        model: whose weights are averaged; it is copied.
        decay: how much of the average is kept, in [0, 1), 0.999 say; None for the mean.
        use_buffers: whether running statistics are averaged as well; else they are copied.

    >>> import gradus
    >>> model = gradus.nn.Linear(1, 1, bias=False)
    >>> average = AveragedModel(model)
    >>> for value in (1.0, 2.0, 6.0):
    ...     _ = model.weight.assign_(value)
    ...     average.update_parameters(model)
    >>> average(gradus.ones((1, 1))).item()
    3.0
    """

    def __init__(self, model: Module, decay: float | None = None, use_buffers: bool = False) -> None:
        if decay is not None:
            in_range("AveragedModel", "decay", decay, "[0, 1)")
        require_sized("AveragedModel", model.parameters())
        self.module = copy.deepcopy(model).requires_grad_(False)
        self.decay, self.use_buffers = decay, use_buffers
        self.n_averaged = tensor(0.0, "float64")

    @no_grad()
    def update_parameters(self, model: Module) -> None:
        """Take the model's weights of now into the average."""
        count = self.n_averaged
        keep = count / (count + 1) if self.decay is None else where(count == 0, 0.0, self.decay)
        own = self.module.state_dict()
        for named, averaged in ((model.named_parameters(), True), (model.named_buffers(), self.use_buffers)):
            for name, new in named:  # one that is shared comes once
                old, kept = own[name], keep.astype(new.dtype) if dtypes.is_float(new.dtype) else None
                mixed = new if kept is None or not averaged else kept * old + (1 - kept) * new
                old.assign_(mixed.detach())
        self.n_averaged.assign_(count + 1)

    def forward(self, *inputs: Any, **options: Any) -> Any:
        return self.module(*inputs, **options)
