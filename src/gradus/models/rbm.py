"""The restricted Boltzmann machine: visible and hidden units, and nothing but weights between the two."""

from __future__ import annotations

import math

import numpy as np

from .. import interpret
from ..autograd import no_grad
from ..errors import ArgumentError, DataError, ShapeError, one_of
from ..functional.checks import at_least, at_least_one, refuse
from ..nn import Module, Parameter, init
from ..ops import arange, logsumexp, sigmoid, softplus, where, zeros
from ..ops.core.primitive import cast
from ..random import bernoulli, rand, randn
from ..tensor import Tensor, as_tensor, tensor

UNITS = ("bernoulli", "gaussian")
ENUMERABLE = 20  # units whose 2^20 states are still gone through one by one


class RBM(Module):
    """The restricted Boltzmann machine, p(v, h) = exp(-E(v, h)) / Z with E(v, h) = -b.v - c.h - h W v.

    Each unit is Bernoulli, 0 or 1, or Gaussian, any number with variance 1, which adds u^2 / 2 to the energy. Given
    one side, the units of the other are independent: E[h | v] = a(W v + c) and E[v | h] = a(h W + b), where a is the
    sigmoid for Bernoulli units and the identity for Gaussian ones.

    Args:
        visible, hidden: how many units.
        units: of the visible side: "bernoulli" takes data in [0, 1], "gaussian" standardised ones.
        hidden_units: of the hidden side; "gaussian" gives a code of any numbers, as at the top of a deep autoencoder.
        chains: how many Markov chains `persistent_divergence` keeps, in the buffer `chains` (chains, visible).

    `weight` (hidden, visible) starts normal with standard deviation 0.01, `visible_bias` (visible,) and `hidden_bias`
    (hidden,) start at 0. Called as a layer it gives `hidden_given(v)`.

    Raises:
        ArgumentError: unknown units, or Gaussian ones on both sides, whose energy has no lower bound.

    Source: Smolensky (1986); Hinton, "A practical guide to training restricted Boltzmann machines" (2012).

    >>> import gradus
    >>> rbm = RBM(6, 3)
    >>> rbm(gradus.zeros((5, 6))).shape, rbm.gibbs(gradus.zeros((5, 6)), steps=2).shape
    ((5, 3), (5, 6))
    """

    def __init__(
        self, visible: int, hidden: int, units: str = "bernoulli", hidden_units: str = "bernoulli", chains: int = 0
    ) -> None:
        at_least_one("RBM", visible=visible, hidden=hidden)
        at_least(0, "RBM", chains=chains)
        one_of("RBM", "units", units, UNITS)
        one_of("RBM", "hidden_units", hidden_units, UNITS)
        if units == hidden_units == "gaussian":
            raise ArgumentError(
                "RBM: with Gaussian units on both sides the energy has no lower bound. Make one Bernoulli."
            )
        self.visible, self.hidden, self.units, self.hidden_units = visible, hidden, units, hidden_units
        self.weight = Parameter(zeros((hidden, visible)))
        init.normal_(self.weight, std=0.01)
        self.visible_bias, self.hidden_bias = Parameter(zeros(visible)), Parameter(zeros(hidden))
        if chains:
            self.chains = _sample(units, zeros((chains, visible)))

    def forward(self, v: Tensor) -> Tensor:
        return self.hidden_given(v)

    # -- the conditional distributions -----------------------------------------------------------------------------

    def hidden_given(self, v: Tensor) -> Tensor:
        """E[h | v]: the probabilities of Bernoulli units, the means of Gaussian ones; (n, visible) to (n, hidden)."""
        return _mean(self.hidden_units, self._to_hidden(v))

    def visible_given(self, h: Tensor) -> Tensor:
        """E[v | h]: the probabilities of Bernoulli units, the means of Gaussian ones; (n, hidden) to (n, visible)."""
        if h.shape[-1:] != (self.hidden,):
            raise ShapeError(
                f"RBM({self.visible}, {self.hidden}): hidden states have shape {h.shape}",
                f"They must be (n, {self.hidden}).",
            )
        return _mean(self.units, h @ self.weight + self.visible_bias)

    def _to_hidden(self, v: Tensor) -> Tensor:
        """W v + c."""
        if v.shape[-1:] != (self.visible,):
            raise self._misfit(v.shape)
        return v @ self.weight.T + self.hidden_bias

    def _misfit(self, shape: tuple[int, ...]) -> ShapeError:
        remedy = f"They must be (n, {self.visible}); make it RBM({shape[-1] if shape else 1}, ...)."
        if math.prod(shape[1:]) == self.visible:
            remedy = f"Reshape them to ({shape[0]}, {self.visible}), x.flatten(1)."
        return ShapeError(f"RBM({self.visible}, {self.hidden}): data have shape {shape}", remedy)

    # -- sampling --------------------------------------------------------------------------------------------------

    @no_grad()
    def sample_hidden(self, v: Tensor) -> Tensor:
        """States drawn from p(h | v)."""
        return _sample(self.hidden_units, self.hidden_given(v))

    @no_grad()
    def sample_visible(self, h: Tensor) -> Tensor:
        """States drawn from p(v | h)."""
        return _sample(self.units, self.visible_given(h))

    @no_grad()
    def gibbs(self, v: Tensor, steps: int = 1) -> Tensor:
        """The visible states (n, visible) after so many steps of Gibbs sampling, h ~ p(h | v) and then v ~ p(v | h)."""
        at_least(0, "RBM.gibbs", steps=steps)
        for _ in range(steps):
            v = self.sample_visible(self.sample_hidden(v))
        return v

    @no_grad()
    def chain(self, v: Tensor, pictures: int, every: int = 1) -> np.ndarray:
        """What Gibbs chains that start at v look like: E[v | h] after 0, `every`, 2 `every` ... steps.

        The steps are one native program, called again and again.

        Returns:
            (pictures, n, visible); the first picture is v itself.

        >>> import gradus
        >>> RBM(6, 3).chain(gradus.zeros((4, 6)), pictures=3, every=10).shape
        (3, 4, 6)
        """
        from .. import compiler

        at_least_one("RBM.chain", pictures=pictures, every=every)
        step = compiler.natively(self.gibbs)
        look = compiler.natively(lambda v: self.visible_given(self.sample_hidden(v)))
        v = as_tensor(v)
        seen = [v.numpy().copy()]
        for _ in range(pictures - 1):
            for _ in range(every - 1):
                v = step(v)
            seen.append(look(v).numpy().copy())
            v = step(v)
        return np.stack(seen)

    # -- learning --------------------------------------------------------------------------------------------------

    def free_energy(self, v: Tensor) -> Tensor:
        """F(v) = -log sum_h exp(-E(v, h)), so that p(v) = exp(-F(v)) / Z: (n, visible) to (n,).

        For Bernoulli units it is -b.v - sum_j log(1 + exp(W v + c)_j).
        """
        own = (v * self.visible_bias).sum(-1)
        if self.units == "gaussian":
            own = own - 0.5 * (v * v).sum(-1)
        return -own - _log_sum(self.hidden_units, self._to_hidden(v)).sum(-1)

    def contrastive_divergence(self, v: Tensor, k: int = 1, mean_field: bool = False) -> dict[str, Tensor]:
        """CD-k: a loss whose gradient is that of contrastive divergence, mean F(v) - mean F(v_k).

        v_k, what k Gibbs steps make of v, is held constant. The gradient to the weights is the mean of
        E[h | v_k] v_k - E[h | v] v.

        Args:
            v: (n, visible), in [0, 1] for Bernoulli units, standardised for Gaussian ones.
            k: Gibbs steps.
            mean_field: take E[v | h] in place of a sample in the last step, less noise; Hinton and Salakhutdinov
                (2006) do.

        Returns:
            "loss", to call `backward` on; its own value says nothing, and may fall below 0. "reconstruction", the
            mean over samples of |v - E[v_k | h]|^2, to watch.

        Source: Hinton, "Training products of experts by minimizing contrastive divergence" (2002), equation 5.

        >>> import gradus
        >>> rbm = RBM(6, 3)
        >>> rbm.contrastive_divergence(gradus.bernoulli(0.5, (8, 6)))["loss"].backward()
        >>> rbm.weight.grad.shape
        (3, 6)
        """
        at_least_one("contrastive_divergence", k=k)
        self.check(v, "contrastive_divergence")
        with no_grad():
            mean = self.visible_given(self.sample_hidden(self.gibbs(v, k - 1)))
            last = mean if mean_field else _sample(self.units, mean)
        return self._divergence(v, last, mean)

    def persistent_divergence(self, v: Tensor, k: int = 1) -> dict[str, Tensor]:
        """PCD-k: as `contrastive_divergence`, but the chains go on from where the step before left them.

        Source: Tieleman, "Training restricted Boltzmann machines using approximations to the likelihood gradient"
        (2008).

        >>> import gradus
        >>> rbm = RBM(6, 3, chains=10)
        >>> rbm.persistent_divergence(gradus.bernoulli(0.5, (8, 6)))["loss"].backward()
        >>> rbm.weight.grad.shape
        (3, 6)
        """
        at_least_one("persistent_divergence", k=k)
        self.check(v, "persistent_divergence")
        if "chains" not in vars(self):
            raise ArgumentError("persistent_divergence: this machine keeps no chains. Make it RBM(..., chains=100).")
        with no_grad():
            last = self.gibbs(self.chains, k)
            mean = self.visible_given(self.hidden_given(v))
            self.chains.assign_(last)
        return self._divergence(v, last, mean)

    def _divergence(self, v: Tensor, last: Tensor, mean: Tensor) -> dict[str, Tensor]:
        """The difference of free energies at the data and at what the machine believes in, and the reconstruction."""
        loss = self.free_energy(v).mean() - self.free_energy(last).mean()
        return {"loss": loss, "reconstruction": ((v.detach() - mean) ** 2).sum(-1).mean()}

    def check(self, v: Tensor, where: str = "RBM") -> None:
        """Refuse data that the visible units cannot take.

        Raises:
            ShapeError: another width, or no sample at all.
            DataError: values outside [0, 1] for Bernoulli units; data for Gaussian ones that are not standardised.
        """
        if v.shape[-1:] != (self.visible,):
            raise self._misfit(v.shape)
        if not v.size:
            raise ShapeError(f"{where}: there is no sample in data of shape {v.shape}", "Leave empty batches out.")
        if self.units == "bernoulli":
            refuse(
                where,
                v,
                lambda x: ~((x >= 0) & (x <= 1)),
                "Bernoulli units take values in [0, 1], but the data hold {value} at [{place}]. Scale them, "
                "(x - x.min()) / (x.max() - x.min()), or standardise them for RBM(..., units='gaussian').",
            )
            return

        def explain(found: np.ndarray) -> None:
            raise DataError(
                f"{where}: Gaussian units have variance 1 and take standardised data, but these have mean "
                f"{found.mean():.3g} and standard deviation {found.std():.3g}. Standardise each column: "
                "(x - x.mean(0)) / (x.std(0) + 1e-6)."
            )

        interpret.current.get().check(v, lambda x: ~((abs(x.mean()) < 0.5) & (x.std() < 2)), explain)

    # -- how good it is --------------------------------------------------------------------------------------------

    @no_grad()
    def pseudo_log_likelihood(self, v: Tensor, exact: bool = False) -> Tensor:
        """sum_i log p(v_i | all other units of v), a stand-in for log p(v) that needs no Z: (n, visible) to (n,).

        p(v_i | others) = sigmoid(F(v with v_i flipped) - F(v)). One unit drawn at random stands for all: its term
        times their number, as in scikit-learn; `exact` takes them all, visible times the work.

        Raises:
            ArgumentError: Gaussian visible units, which cannot be flipped.

        >>> import gradus
        >>> rbm = RBM(4, 2)
        >>> _ = rbm.weight.assign_(gradus.zeros((2, 4)))  # then every unit is a fair coin
        >>> rbm.pseudo_log_likelihood(gradus.ones((1, 4)))  # 4 log(1/2)
        tensor([-2.7725887])
        """
        if self.units != "bernoulli":
            raise ArgumentError("pseudo_log_likelihood: flips units between 0 and 1, and these are Gaussian")
        names = arange(self.visible)
        if exact:  # of each sample as many copies as units, each with another one flipped
            flips = names.expand_dims(1) == names
            flipped = where(flips, 1 - v.expand_dims(1), v.expand_dims(1))
            return -softplus(self.free_energy(v).expand_dims(1) - self.free_energy(flipped)).sum(1)
        chosen = (rand(len(v), 1, dtype="float64") * self.visible).floor().astype("int64") == names
        gap = self.free_energy(where(chosen, 1 - v, v)) - self.free_energy(v)
        return -softplus(-gap) * self.visible

    def log_partition(self) -> Tensor:
        """log Z, exactly, by going through all states of the smaller Bernoulli side; its gradient is there too.

        Raises:
            ArgumentError: more than 20 such units.

        >>> RBM(3, 2).log_partition().shape
        ()
        """
        over_hidden = self.hidden_units == "bernoulli" and (self.hidden <= self.visible or self.units == "gaussian")
        count = self.hidden if over_hidden else self.visible
        if count > ENUMERABLE:
            raise ArgumentError(
                f"log_partition: goes through all 2^{count} states of {count} units, at most {ENUMERABLE} can be. "
                "Watch pseudo_log_likelihood in a machine of this size."
            )
        states = _all_states(count)
        if not over_hidden:
            return logsumexp(-self.free_energy(states))
        log_weights = states @ self.hidden_bias + _log_sum(self.units, states @ self.weight + self.visible_bias).sum(-1)
        return logsumexp(log_weights)

    def log_likelihood(self, v: Tensor) -> Tensor:
        """log p(v) = -F(v) - log Z, exactly, of a small machine: (n, visible) to (n,)."""
        return -self.free_energy(v) - self.log_partition()

    def extra_repr(self) -> str:
        kinds = "" if (self.units, self.hidden_units) == ("bernoulli",) * 2 else f", {self.units}-{self.hidden_units}"
        return f"{self.visible}, {self.hidden}{kinds}"


def _mean(units: str, z: Tensor) -> Tensor:
    """The mean of a unit with the input z."""
    return sigmoid(z) if units == "bernoulli" else z


def _sample(units: str, mean: Tensor) -> Tensor:
    """A state of each unit with this mean."""
    return bernoulli(mean) if units == "bernoulli" else mean + cast(randn(mean.shape), mean.dtype)


def _log_sum(units: str, z: Tensor) -> Tensor:
    """log of the sum, or the integral, of exp(z u) over a unit's states u."""
    return softplus(z) if units == "bernoulli" else 0.5 * z * z + 0.5 * math.log(2 * math.pi)


def _all_states(count: int) -> Tensor:
    """Every state of so many Bernoulli units: (2^count, count)."""
    return tensor((np.arange(2**count)[:, None] >> np.arange(count) & 1).astype(np.float32))
