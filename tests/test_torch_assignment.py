"""Random programs of assignments, views and what is computed between them, against PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

import gradus  # noqa: E402

KEYS: tuple[Any, ...] = (0, -1, slice(1, None), (..., 0), (slice(None), slice(0, 2)), ([0],), "mask")
VIEWS: tuple[Any, ...] = (
    lambda x: x[0],
    lambda x: x[-1],
    lambda x: x[1:],
    lambda x: x[..., :2],
    lambda x: x.swapaxes(0, x.ndim - 1),
    lambda x: x.reshape(1, *x.shape),
    lambda x: x[:, None] if x.ndim > 1 else x[None],
)
STEP = st.tuples(st.sampled_from(["view", "assign", "assign", "assign", "compute", "add"]), *[st.integers(0, 20)] * 4)


def run(steps: list[tuple[Any, ...]], w: Any, constant: bool, exp: Any, zeros: Any) -> tuple[list[Any], Any]:
    """All tensors of a program at its end, and the sum of what was computed on the way."""
    tensors, loss = [zeros(3, 4) if constant else zeros(3, 4) + w * 2], (w * w).sum()
    for kind, a, b, c, d in steps:
        x, y = tensors[a % len(tensors)], tensors[b % len(tensors)]
        if kind == "view" and x.ndim:
            seen = VIEWS[c % len(VIEWS)](x)
            tensors += [seen] if 0 not in seen.shape else []
        elif kind == "compute":
            tensors.append(exp(x * 0.1) if c % 2 else x * (w.sum() if c % 3 else 0.5))
        elif kind == "add":
            loss = loss + (x * x * (d + 1)).sum()
        elif x.ndim:
            key = KEYS[c % len(KEYS)]
            if isinstance(key, tuple) and x.ndim < 2 and key[0] == slice(None):
                key = 0
            if key == 0 and x.ndim > 1 and d % 5 == 1:
                x[0][-1] = w[d % 4] if x.ndim == 2 else y.sum()
            else:
                x[x > 0.5 if key == "mask" else key] = (0.25, w[d % 4] * 3, y.sum() * 0.1, y.reshape(-1)[0] * 1)[d % 4]
    return tensors, loss


@settings(max_examples=300, deadline=None)
@given(st.lists(STEP, min_size=1, max_size=12), st.booleans())
def test_values_and_gradients_are_those_of_pytorch_where_it_gives_any(steps: list[Any], constant: bool) -> None:
    numbers = np.array([0.3, -0.7, 1.1, 0.9])
    W = torch.tensor(numbers, requires_grad=True)
    try:
        expected, total = run(steps, W, constant, torch.exp, lambda *s: torch.zeros(s, dtype=torch.float64))
    except RuntimeError:  # as for a number that is written to the memory it is read from
        return
    w = gradus.tensor(numbers, requires_grad=True)
    found, loss = run(steps, w, constant, gradus.exp, lambda *s: gradus.zeros(s, "float64"))
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a.numpy(), b.detach().numpy(), rtol=1e-10, atol=1e-10)
    for ours, theirs in ((loss, total), (sum(x.sum() for x in found) + loss, sum(x.sum() for x in expected) + total)):
        try:
            wanted = torch.autograd.grad(theirs, W, retain_graph=True)[0].numpy()
        except RuntimeError:  # what it needs was overwritten; here it is kept
            continue
        np.testing.assert_allclose(gradus.grad(ours, w).numpy(), wanted, rtol=1e-9, atol=1e-9)
