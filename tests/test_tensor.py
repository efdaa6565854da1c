"""Tensor itself: what it is made of, how it prints, compares, copies; and what it says when it is misused."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradus
from gradus import nn, tensor
from gradus.errors import ArgumentError, DtypeError, GradusError, ShapeError


def test_tensor_copies_and_as_tensor_shares() -> None:
    numbers = np.ones(2)
    assert not np.shares_memory(tensor(numbers).numpy(), numbers)
    assert np.shares_memory(gradus.as_tensor(numbers).numpy(), numbers)
    assert tensor([tensor([1, 2]), tensor([3, 4])]).tolist() == [[1, 2], [3, 4]]


def test_what_python_asks_of_it() -> None:
    x = tensor([1.5, 2.5])
    assert (float(x[0]), int(x[0]), len(x), list(map(float, x))) == (1.5, 1, 2, [1.5, 2.5])
    assert f"{x[0]:.3f} {x}" == "1.500 tensor([1.5, 2.5])"
    assert [10, 20, 30][tensor(1)] == 20
    assert bool(tensor([1.0]))
    assert np.asarray(x).tolist() == [1.5, 2.5]
    assert np.array(x, dtype=int).tolist() == [1, 2]
    assert (np.ones(2) + x).tolist() == [2.5, 3.5]


def test_comparisons_are_elementwise_and_none_is_no_number() -> None:
    x = tensor([1.0, 2.0])
    assert (x == 1).tolist() == [True, False]
    assert (x != [1, 1]).tolist() == [False, True]
    assert (x == None) is False  # noqa: E711
    assert (x != None) is True  # noqa: E711
    assert (x == "a") is False
    assert 2.0 in x
    assert 3.0 not in x
    assert None not in x


def test_tensors_are_keys_by_identity() -> None:
    x, y = tensor([1.0]), tensor([1.0])
    assert len({x, y, x}) == 2
    assert {x: "a"}[x] == "a"
    assert any(t is x for t in [y, x])


def test_printing() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    assert repr(x) == "tensor([1., 2.], requires_grad=True)"
    assert repr(x * 2) == "tensor([2., 4.], from=multiply)"
    assert repr(tensor([1], "uint8")) == "tensor([1], dtype=uint8)"
    assert repr(gradus.zeros((0, 2))) == "tensor([])"


@pytest.mark.parametrize("dtype", ["float64", "float16", "bfloat16", "int32", "bool"])
@pytest.mark.parametrize("way", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_have_memory_of_their_own(way: Callable[[Any], Any], dtype: str) -> None:
    x = tensor([1, 0], dtype)
    y = way(x)
    assert (y.tolist(), y.dtype) == (x.tolist(), x.dtype)
    assert not np.shares_memory(x.numpy(), y.numpy())


def test_copies_keep_the_wish_for_a_gradient_and_lose_history() -> None:
    x = tensor([1.0], requires_grad=True)
    x.register_hook(print)
    y = x * 2
    for twin, wish in ((copy.deepcopy(x), True), (copy.deepcopy(y), False), (pickle.loads(pickle.dumps(y)), False)):
        assert (twin.requires_grad, twin.is_leaf, twin.hooks) == (wish, True, None)
    shallow = copy.copy(x)
    loss = (x * x).sum()
    shallow.assign_(gradus.zeros(1))  # the same memory
    with pytest.raises(GradusError, match="overwritten"):
        loss.backward()


def test_a_copied_model_trains_by_itself() -> None:
    class Line(nn.Module):
        def __init__(self) -> None:
            self.w = nn.Parameter([2.0])
            self.tied = self.w
            self.count = gradus.zeros(())

        def forward(self, x: gradus.Tensor) -> gradus.Tensor:
            return self.w * self.tied * x

    model = Line()
    model(gradus.ones(1)).sum().backward()
    twin = copy.deepcopy(model)
    assert isinstance(twin.w, nn.Parameter)
    assert twin.tied is twin.w is not model.w
    assert twin.w.grad is not None
    assert twin.w.grad.tolist() == [4.0]
    twin.w.assign_(gradus.zeros(1))
    assert model.w.tolist() == [2.0]


def test_numbers_of_a_stretched_tensor_are_not_written_by_accident() -> None:
    stretched = tensor([1.0]).broadcast_to(3)
    with pytest.raises(ValueError, match="read-only"):
        stretched.numpy()[0] = 5
    assert stretched.copy().numpy().flags.writeable


def test_zero_sized_shapes() -> None:
    x = gradus.zeros((0, 3))
    assert [x.reshape(*s).shape for s in ((-1,), (-1, 3), (3, -1), (0,))] == [(0,), (0, 3), (3, 0), (0,)]
    assert (x.sum().item(), x.sum(0).tolist(), (x @ gradus.ones((3, 2))).shape) == (0, [0, 0, 0], (0, 2))
    assert np.isnan(x.mean().item())
    with pytest.raises(ShapeError, match="no largest"):
        x.max()


def test_shapes_are_spelt_in_many_ways() -> None:
    x = gradus.arange(6)
    for shape in ((2, 3), [2, 3], np.array([2, 3]), (np.int64(2), 3)):
        assert x.reshape(shape).shape == (2, 3)
    assert x.reshape(2, -1).shape == (2, 3)
    assert x.reshape(2, 3).sum(np.int64(1)).tolist() == [3, 12]


def test_logsumexp_of_infinities() -> None:
    inf = np.inf
    rows = tensor([[-inf, -inf], [inf, 1.0], [-inf, 2.0], [1000.0, 1000.0]])
    np.testing.assert_allclose(rows.logsumexp(1).numpy(), [-inf, inf, 2, 1000 + np.log(2)], rtol=1e-6)


X = gradus.ones((2, 3))
MISUSES = {
    "add shapes": (lambda: X + gradus.ones((2, 4)), ShapeError, r"add: the shapes \(2, 3\) and \(2, 4\) do not fit"),
    "add None": (lambda: X + None, DtypeError, "expected a Tensor, an array or a number, got NoneType"),
    "matmul": (lambda: X @ X, ShapeError, r"matmul: \(2, 3\) times \(2, 3\).*a transpose may be missing"),
    "matmul scalar": (lambda: X @ 2.0, ShapeError, r"a scalar is no matrix.*Use \* instead"),
    "reshape": (lambda: X.reshape(4), ShapeError, "holds 6 elements, .* would hold 4"),
    "reshape twice -1": (lambda: X.reshape(-1, -1), ShapeError, "One length may be -1"),
    "reshape -2": (lambda: X.reshape(-2, -3), ShapeError, "One length may be -1"),
    "reshape to text": (lambda: X.reshape("ab"), ShapeError, "is no shape"),
    "axis": (lambda: X.sum(2), ShapeError, "sum: there is no axis 2 in a tensor with 2 axes"),
    "axis twice": (lambda: X.sum((0, -2)), ShapeError, "name one axis twice"),
    "axis 0.5": (lambda: X.sum(0.5), DtypeError, "an axis is an integer, got 0.5"),
    "permute": (lambda: X.permute(0), ShapeError, "2 axes need 2 places"),
    "squeeze": (lambda: X.squeeze(1), ShapeError, "is longer than 1"),
    "broadcast_to": (lambda: X.broadcast_to(2, 4), ShapeError, "do not fit together"),
    "pad": (lambda: X.pad([(1, 1)]), ShapeError, "2 axes need 2 pairs"),
    "split": (lambda: X.split(2, 1), ShapeError, "does not divide into 2 equal parts"),
    "split 0": (lambda: X.split(0), ArgumentError, "must be 1 or more, got 0"),
    "concatenate": (lambda: gradus.concatenate([X, X.T]), ShapeError, "They may differ in axis 0 only"),
    "concatenate none": (lambda: gradus.concatenate([]), ShapeError, "at least one tensor"),
    "stack": (lambda: gradus.stack([X, X.T]), ShapeError, "tensor 1"),
    "window": (lambda: gradus.sliding_window(X, (4,), (1,), (1,)), ShapeError, "Use a smaller kernel"),
    "window of 0": (lambda: gradus.sliding_window(X, (0,), (1,), (1,)), ArgumentError, "must be 1 or more"),
    "arange": (lambda: gradus.arange(0, 1, 0), ArgumentError, "the step must not be 0"),
    "linspace": (lambda: gradus.linspace(0, 1, -1), ArgumentError, "0 or more, got -1"),
    "zeros": (lambda: gradus.zeros(-1), ShapeError, "no negative lengths"),
    "zeros of text": (lambda: gradus.zeros("ab"), ShapeError, "is no shape"),
    "take floats": (lambda: gradus.take(X, [0.5]), DtypeError, "indices are integers"),
    "ragged": (lambda: tensor([[1], [1, 2]]), ShapeError, "do not form a box"),
    "item": (X.item, ShapeError, r"item\(\) needs one element"),
    "truth": (lambda: bool(X), ShapeError, r"Use .any\(\) or .all\(\)"),
    "index": (lambda: [1][tensor(0.0)], DtypeError, "is no index"),
    "int & float": (lambda: X & X, DtypeError, "needs integers or booleans"),
    "~float": (lambda: ~X, DtypeError, "needs integers or booleans"),
}


@pytest.mark.parametrize("name", MISUSES)
def test_misuse_is_explained(name: str) -> None:
    use, error, words = MISUSES[name]
    with pytest.raises(error, match=words) as caught:
        use()
    assert isinstance(caught.value, GradusError)
    if error is ShapeError:
        assert "test_tensor.py:" in str(caught.value)  # where the user called it


def test_misspelt_names_raise() -> None:
    with pytest.raises(AttributeError):
        X.reshap  # noqa: B018
    with pytest.raises(AttributeError):
        X.foo = 1
    with pytest.raises(TypeError, match="no length"):
        len(tensor(1.0))


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16", "bool", "int64"])
def test_copies_of_some_size_begin_at_a_line_of_the_caches(dtype):
    for shape in [(300, 7), (1025,), (2, 0), (), (3,)]:
        numbers = np.arange(np.prod(shape, dtype=int)).reshape(shape)
        source = np.asfortranarray(numbers[..., ::-1]) if shape else np.array(5)
        t = gradus.tensor(source, dtype)
        assert t.shape == shape and (t.numpy() == source.astype(t.dtype)).all() and t.data.flags.writeable
        assert t.data.ctypes.data % 64 == 0 or t.data.nbytes < 1024
    assert nn.Parameter(gradus.ones((64, 64))).data.ctypes.data % 64 == 0


def test_whole_numbers_have_no_gradient_and_want_none() -> None:
    n = gradus.tensor([1, 2])
    assert n.requires_grad_(False) is n
    assert not n.requires_grad
    with pytest.raises(DtypeError, match="only floating-point tensors have gradients"):
        n.requires_grad_()


def test_a_size_is_a_number_and_a_method() -> None:
    x = gradus.zeros((2, 3))
    assert (x.size, x.size(), x.size(1)) == (6, (2, 3), 3)


def test_numbers_of_another_type_are_assigned_as_they_are() -> None:
    n, x = gradus.zeros(2, "int32"), gradus.zeros(2, "float64")
    assert n.assign_([3, 4]).tolist() == [3, 4]
    assert n.dtype == "int32"
    assert x.assign_(0.1).tolist() == [0.1, 0.1]
    assert n.assign_(7).tolist() == [7, 7]


def test_tensors_of_several_shapes_form_none() -> None:
    with pytest.raises(ShapeError, match=r"shapes \(2,\) and \(3,\) do not form one.*\. Join them with concatenate"):
        gradus.tensor([gradus.zeros(2), gradus.zeros(3)])


@pytest.mark.parametrize("data", [[1.0], 1.0, gradus.zeros(1)])
def test_what_is_no_array_is_no_data(data) -> None:
    with pytest.raises(DtypeError, match="a tensor's data is an array"):
        gradus.Tensor(data)


@pytest.mark.parametrize("floats", ["float16", "bfloat16", "float32"])
def test_integers_are_compared_exactly(floats) -> None:
    """No integer is rounded to a float before it is compared: 2049 is not 2048, though float16 cannot hold it."""
    for dtype, large in (("int16", 2049), ("uint16", 2049), ("int32", 2**24 + 1), ("int64", 2**24 + 1)):
        ints = gradus.tensor([large], dtype)
        near = gradus.tensor([min(large - 1.0, 65504.0)], floats)
        assert ((ints == near).item(), (ints > near).item()) == (False, True), dtype
    assert (gradus.tensor([255], "uint8") == gradus.tensor([255.0], floats)).item()


def test_astype_copies_where_it_is_asked_to() -> None:
    x = gradus.ones(2)
    assert np.shares_memory(x.astype("float32").numpy(), x.numpy())
    assert not np.shares_memory(x.astype("float32", copy=True).numpy(), x.numpy())


@pytest.mark.parametrize("axis", [None, 0, -1, (0,), (-1,), [0], [-1]])
def test_a_tensor_without_axes_takes_the_first_and_the_last(axis) -> None:
    assert gradus.tensor(3.0).sum(axis).item() == 3
