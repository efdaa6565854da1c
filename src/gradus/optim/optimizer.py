"""What all optimizers share: the parameters, the learning rate, the count of steps, the state."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from inspect import signature
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from .. import dtypes, interpret
from ..autograd import no_grad
from ..errors import ArgumentError, CheckpointError
from ..frozen import Frozen
from ..functional.checks import in_range, require_named
from ..names.elsewhere import missing_from
from ..nn.core import looks
from ..nn.core.unsized import like
from ..ops.core.primitive import cast
from ..tensor import Tensor, tensor
from .groups import Changed, Group, Joined, Params, grouped, separated

__all__ = ["Optimizer"]

Schedule = Callable[[Tensor], Tensor]


class Optimizer:
    """The base of all optimizers. A kind of optimizer says which state a parameter needs and how one is updated.

    Everything that changes from step to step is a Tensor, written in place: the state, the count of steps, and the
    learning rate. Nothing else is needed to go on where training stopped. Parameters of half precision keep their
    state, and are updated, in float32.

    Args:
        params: the tensors to train, as from `model.parameters()`; or groups of them, each with options of its own:
            `[{"params": body.parameters()}, {"params": head.parameters(), "lr": 0.1}]`. See `param_groups`.
        lr: the learning rate, a number or a schedule: a function from the count of steps done so far (a float64
            Tensor) to the learning rate, written with Tensor operations; see `optim.schedules`.
        weight_decay: what is added to each gradient, times the parameter (the L2 penalty); AdamW decays differently.
        maximize: climb instead of descend.
        options: the arguments of the kind, kept under their names and checked against `ranges`.

    Attributes:
        steps: how many steps were made, a float64 Tensor without axes.
        scale: a factor on the learning rate, for callbacks that lower it, a float64 Tensor without axes.
        params: the parameters, in order.
        state: for each parameter its state, tensors by name, which are written in place and never replaced.
    """

    fixed_attributes: ClassVar[frozenset[str]] = frozenset(
        {"params", "steps", "scale", "state", "_lr", "_counts", "_parts"}
    )
    elementwise: ClassVar[bool] = False  # whether a class says of itself that its update takes each number by itself
    stateful: ClassVar[frozenset[str]] = frozenset()  # options by which the slots are chosen
    decoupled: ClassVar[bool] = False  # whether weights decay apart from the gradient: p - lr weight_decay p
    decoupled_weight_decay: bool = False  # the same, where it is an option
    weight_decay: float
    maximize: bool
    slots: tuple[str, ...] = ()  # the names of the tensors, in a parameter's shape, that start as zeros,
    starts: Mapping[str, float] = MappingProxyType({})  # or, by name, as another number
    ranges: ClassVar[dict[str, str]] = {  # what each argument may be
        "lr": "[0, inf)",
        "weight_decay": "[0, inf)",
        "momentum": "[0, 1)",
        "alpha": "[0, 1)",
        "betas": "[0, 1)",
        "rho": "[0, 1)",
        "dampening": "[0, 1]",
        "lr_decay": "[0, inf)",
        "momentum_decay": "[0, inf)",
        "eps": "[0, inf)",
    }

    def __init__(
        self,
        params: Params,
        lr: float | Schedule,
        weight_decay: float = 0.0,
        maximize: bool = False,
        **options: Any,
    ) -> None:
        for name, value in {"weight_decay": weight_decay, **options, "maximize": maximize}.items():
            self._check(name, value)
            setattr(self, name, value)
        self._options = ("weight_decay", *options, "maximize")
        self.steps, self.scale = tensor(0.0, "float64"), tensor(1.0, "float64")
        self._lr = tensor(0.0, "float64")
        self._schedule: Schedule | None = None
        self.lr = lr
        models = looks.models_of(params)
        params, groups = grouped(type(self).__name__, params)
        self._parts = tuple(self._part(group) for group in groups)
        self.params = tuple(_trainable(type(self).__name__, params))
        self.state: tuple[Frozen, ...] = tuple(state for part in self._parts for state in part.state) or tuple(
            map(self._state_of, self.params)
        )
        self._counts = tensor(np.zeros(len(self.params)))  # how often each was changed: not where it had no gradient
        looks.begin(self, models)

    def _state_of(self, p: Tensor) -> Frozen:
        wide, first = dtypes.accumulator(p.dtype), self.starts
        return Frozen({name: like(p, first.get(name, 0.0), wide) for name in self.slots})

    def _part(self, group: Mapping[str, Any]) -> Optimizer:
        """An optimizer of this kind for a group of parameters, which shares the count of steps and the scale."""
        rate = self._lr.item() if self._schedule is None else self._schedule
        takes = signature(type(self)).parameters
        own = {name: getattr(self, name) for name in self._options if name in takes}
        part = type(self)(**{"lr": rate, **own, **group})
        vars(part).update(steps=self.steps, scale=self.scale)
        looks.forget(part)
        return part

    @property
    def param_groups(self) -> tuple[Group, ...]:
        """The groups of parameters, or the one: each like a dict of "params", "lr" and the options, to read and set.

        >>> from gradus import optim
        >>> body, head = (tensor([1.0], requires_grad=True) for _ in range(2))
        >>> optimizer = optim.SGD([{"params": body}, {"params": head, "lr": 0.5}], lr=0.25)
        >>> for group in optimizer.param_groups:
        ...     group["lr"] *= 0.5
        >>> [group["lr"] for group in optimizer.param_groups]
        [0.125, 0.25]
        """
        return tuple(Group(part) for part in self._parts or (self,))

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.fixed_attributes and name in vars(self):
            raise ArgumentError(
                f"{type(self).__name__}.{name} stays the object that it is. Write into its tensors with assign_, or "
                "make another optimizer."
            )
        if name in self._options:
            self._check(name, value)
            if name in self.stateful and bool(value) != bool(getattr(self, name)):
                raise ArgumentError(
                    f"{type(self).__name__}.{name} decides which state is kept, and cannot go from "
                    f"{getattr(self, name)!r} to {value!r}. Make another optimizer."
                )
            for part in self._parts:
                setattr(part, name, value)
        object.__setattr__(self, name, value)

    def _check(self, name: str, value: Any) -> None:
        if name in self.ranges:
            for number in value if isinstance(value, tuple) else (value,):
                mistake = "learning-rate-below-zero" if name == "lr" else "option-outside-its-range"
                in_range(type(self).__name__, name, number, self.ranges[name], mistake)

    _parts: tuple[Optimizer, ...] = ()  # one for each group of parameters, if there are groups
    _options: tuple[str, ...] = ()  # the names of what it was made with

    @property
    def lr(self) -> float:
        """The learning rate of the next step; of several groups the first one's. Assign a number or a schedule to
        change it, for all groups."""
        with no_grad():
            return float((*self._parts, self)[0]._rate(self.steps))

    @lr.setter
    def lr(self, value: float | Schedule) -> None:
        for part in self._parts:
            part.lr = value
        if callable(value):
            self._schedule = value
            return
        self._check("lr", value)
        self._schedule = None
        self._lr.assign_(tensor(float(value), "float64"))

    @property
    def schedule(self) -> Schedule | None:
        """What the learning rate follows; None where it is a number."""
        return self._schedule

    @property
    def unscaled_lr(self) -> float:
        """The learning rate of the next step but for `scale`: what was given, or its schedule."""
        with no_grad():
            return float(self._lr if self._schedule is None else self._schedule(self.steps))

    def _rate(self, steps: Tensor) -> Tensor:
        return (self._lr if self._schedule is None else self._schedule(steps)) * self.scale

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients, or fill them with zeros."""
        for p in self.params:
            p.grad = None if set_to_none or p.grad is None else p.grad.full_like(0)

    @no_grad()
    @interpret.silently()
    def step(self) -> None:
        """Change every parameter that has a gradient, once."""
        if looks.pending:
            looks.step(self)
        parts = self._parts or (self,)
        rates = [part._rate(self.steps) for part in parts]
        self.steps.assign_(self.steps + 1)
        for part, lr in zip(parts, rates, strict=True):
            part._change(lr)

    def _change(self, lr: Tensor) -> None:
        """The step of one group."""
        present = np.array([p.requires_grad and p.grad is not None for p in self.params])
        self._counts.assign_(self._counts + (1 if present.all() else tensor(present, "float64")))
        numbers = _in_each_width((lr, *self.numbers(lr, self._counts, present)))
        places = np.flatnonzero(present).tolist()
        given = [Changed(self.params[k], self.params[k].grad, self.state[k], k) for k in places]
        joins = vars(type(self)).get("elementwise", False) and interpret.current.get().in_place
        small, large = separated(given, self._counts.data) if joins else ([], given)
        for p, g, state, k in large:
            wide = dtypes.accumulator(p.dtype)
            _follow(state, wide)
            new = self._updated(cast(p.detach(), wide), cast(g.detach(), wide), state, numbers(wide, k))
            p.assign_(cast(new, p.dtype))
        for together in small:
            joined = Joined(together)
            of_one = numbers(joined.p.dtype, together[0].place)
            joined.part(self._updated(joined.p, joined.g, joined.state, of_one))

    def _updated(self, p: Tensor, g: Tensor, state: dict[str, Tensor], numbers: list[Tensor]) -> Tensor:
        rate, *others = numbers
        p, g = self.decayed(p, -g if self.maximize else g, rate)
        return self.update(p, g, state, *others)

    def numbers(self, lr: Tensor, t: Tensor, present: np.ndarray) -> tuple[Tensor, ...]:
        """What `update` needs besides the state, worked out once a step in float64: the learning rate, and more.

        Each is one number, or one for each parameter, as `t` is, the count of the steps in which it was changed, this
        one among them; `present` says which are changed now.
        """
        return (lr,)

    def decayed(self, p: Tensor, g: Tensor, lr: Tensor) -> tuple[Tensor, Tensor]:
        """The parameter and its gradient after weight decay: g + weight_decay p, or apart from the gradient."""
        if self.decoupled or self.decoupled_weight_decay:
            return p - lr * self.weight_decay * p, g
        return p, (g + self.weight_decay * p if self.weight_decay else g)

    def update(self, p: Tensor, g: Tensor, state: dict[str, Tensor], *numbers: Tensor) -> Tensor:
        """The new value of one parameter, from its gradient; writes its new state."""
        raise NotImplementedError

    def __repr__(self) -> str:
        rate = f"{self.lr:g}" if self._schedule is None else getattr(self._schedule, "__name__", "a schedule")
        usual = {name: p.default for name, p in signature(type(self)).parameters.items()}
        chosen = {name: v for name in self._options if (v := getattr(self, name)) != usual.get(name)}
        options = "".join(f", {name}={value!r}" for name, value in chosen.items())
        return f"{type(self).__name__}({len(self.params)} parameters, lr={rate}{options}, steps={self.steps.item():g})"

    if not TYPE_CHECKING:  # type checkers know the attributes, and find misspelt ones

        def __getattr__(self, name: str) -> Any:
            raise missing_from(self, "Optimizer", name)

    # -- saving -----------------------------------------------------------------------------------------------------

    def _tensors(self) -> dict[str, Tensor]:
        own = {"lr": self._lr, "steps": self.steps, "scale": self.scale}
        own |= {f"lr.{k}": part._lr for k, part in enumerate(self._parts)}
        own |= {f"counts.{k}": part._counts for k, part in enumerate(self._parts or (self,))}
        return own | {f"{i}.{name}": t for i, state in enumerate(self.state) for name, t in state.items()}

    def state_dict(self) -> dict[str, Tensor]:
        """All that changes from step to step, by name, in the optimizer's own memory: copy it to keep a moment."""
        return {name: t.detach() for name, t in self._tensors().items()}

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Go on from a saved state; names and shapes must agree, else nothing is written."""
        require_named(f"{type(self).__name__}.load_state_dict", saved)
        own = self._tensors()
        here, there = ({n: np.shape(s[n]) for n in s} for s in (own, saved))
        if here != there:
            name = next(n for n in here | there if here.get(n) != there.get(n))
            raise CheckpointError(
                f"this state is not of a {type(self).__name__} over {len(self.params)} parameters of these shapes: "
                f"{name!r} is {here.get(name, 'absent')} here, {there.get(name, 'absent')} in the saved state",
                mistake="state-of-another-optimizer",
            )
        for name, t in own.items():
            t.assign_(tensor(saved[name]).astype(t.dtype))


def _in_each_width(numbers: tuple[Tensor, ...]) -> Callable[[dtypes.Dtype, int], list[Tensor]]:
    """Some numbers in the type that is asked for, converted once to each; of those for each parameter one's own."""
    of = functools.cache(lambda dtype: [cast(n, dtype) for n in numbers])
    eager = interpret.current.get().in_place
    of_one: Callable[[Tensor, int], Tensor] = lambda n, k: Tensor(np.array(n.data[k])) if eager else n[k]  # noqa: E731
    return lambda dtype, place: [of_one(n, place) if n.ndim else n for n in of(dtype)]


def _follow(state: dict[str, Tensor], dtype: dtypes.Dtype) -> None:
    """Bring the state to a type that its parameter was converted to after the optimizer was made."""
    for t in state.values():
        if t.dtype != dtype:
            t.data = dtypes.converted(t.data, dtype)


def _trainable(name: str, params: Any) -> list[Tensor]:
    """The parameters as a list, which must be floating-point leaves, each there once."""
    if not isinstance(params, Iterable):
        raise ArgumentError(
            f"{name}: expects tensors to train, got {type(params).__name__}. Pass model.parameters().",
            mistake="parameters-not-called",
        )
    found = [params] if isinstance(params, Tensor) else list(params)
    if not found:
        raise ArgumentError(
            f"{name}: there is nothing to train: no parameters came (was a generator used up before?)",
            mistake="nothing-to-train",
        )
    for p in found:
        if not isinstance(p, Tensor):
            raise ArgumentError(
                f"{name}: expects tensors to train, got {p!r}. Pass model.parameters().",
                mistake="model-in-place-of-parameters",
            )
        if not p.is_leaf or not dtypes.is_float(p.dtype):
            got = f"one of {p.dtype}" if p.is_leaf or p.origin is None else f"the result of {p.origin.primitive.name}"
            raise ArgumentError(
                f"{name}: trains floating-point leaves, got {got}. Pass model.parameters().",
                mistake="computed-tensor-in-an-optimizer",
            )
    if len({id(p) for p in found}) != len(found):
        raise ArgumentError(
            f"{name}: a parameter is in the list twice: it would be updated twice a step",
            mistake="parameters-twice",
        )
    return found


def two_numbers(name: str, betas: Any, option: str = "betas") -> tuple[float, float]:
    """An option of two numbers, as what is kept of two averages."""
    if not isinstance(betas, (tuple, list)) or len(betas) != 2:
        raise ArgumentError(f"{name}: {option} are two numbers, got {betas!r}", mistake="two-betas")
    return betas[0], betas[1]
