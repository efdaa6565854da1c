"""Random numbers: the published vectors of Philox-4x32-10, the distributions, states that go on where they stopped."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import gradus
from gradus.errors import ArgumentError, DtypeError
from gradus.ops.making._philox import philox
from gradus.random import Generator

WORD = 0xFFFFFFFF
VECTORS = [  # counter, key, result: kat_vectors of the authors' Random123
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


def words(text: str) -> list[int]:
    return [int(word, 16) for word in text.split()]


def textbook_philox(counter: list[int], key: list[int]) -> list[int]:
    """Salmon et al. 2011, figure 2 and section 4, in Python's integers; counters of four words."""
    c, k = list(counter), list(key)
    for _ in range(10):
        p0, p1 = c[0] * 0xD2511F53, c[2] * 0xCD9E8D57
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & WORD, (p0 >> 32) ^ c[3] ^ k[1], p0 & WORD]
        k = [(k[0] + 0x9E3779B9) & WORD, (k[1] + 0xBB67AE85) & WORD]
    return c


@pytest.mark.parametrize(("counter", "key", "result"), VECTORS)
def test_the_textbook_form_gives_the_published_vectors(counter: str, key: str, result: str) -> None:
    assert textbook_philox(words(counter), words(key)) == words(result)


def test_philox_is_the_textbooks() -> None:
    rng = np.random.default_rng(0)
    for key in (0, 2**64 - 1, *map(int, rng.integers(0, 2**63, 5))):
        counters = np.array([0, 1, 2**32 - 1, 2**32, 2**64 - 1, *rng.integers(0, 2**63, 20)], np.uint64)
        found = philox(np, key, counters)
        for i, c in enumerate(map(int, counters)):
            assert found[:, i].tolist() == textbook_philox([c & WORD, c >> 32, 0, 0], [key & WORD, key >> 32])


def test_bits_are_laid_out_as_documented() -> None:
    """Sixteen counters in a row: first all their first words, then the second ones ..."""
    g = Generator(7)
    g.bits((10,))  # a whole group of 64 numbers, 16 counters
    found = g.bits((70,)).numpy()
    for i in range(70):
        lane, word, group = i % 16, i // 16 % 4, i // 64
        assert found[i] == textbook_philox([16 + 16 * group + lane, 0, 0, 0], [7, 0])[word]
    assert g.state.tolist() == [7, 16 + 32]


def test_many_numbers_are_those_of_smaller_pieces() -> None:
    whole = Generator(3).bits((64 * 700,)).numpy()  # more than one chunk of counters
    g = Generator(3)
    parts = [g.bits((64 * n,)).numpy() for n in (1, 299, 400)]
    np.testing.assert_array_equal(whole, np.concatenate(parts))


def test_a_fixed_seed_gives_these_numbers() -> None:
    expected = [textbook_philox([i, 0, 0, 0], [1, 0])[0] >> 8 for i in range(2)]
    assert Generator(1).rand(2).tolist() == [n / 2**24 for n in expected]


# -- distributions: with a fixed seed these never waver ----------------------------------------------------------------

N = 100_000


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_uniform_numbers_are_uniform(dtype: str) -> None:
    u = Generator(0).rand(N, dtype=dtype)
    assert u.dtype == getattr(gradus, dtype)
    numbers = u.numpy().astype(float)
    assert numbers.min() >= 0
    assert numbers.max() < 1
    counts = np.bincount((numbers * 64).astype(int), minlength=64)
    assert stats.chisquare(counts).pvalue > 1e-3
    pairs = np.bincount((numbers[::2] * 8).astype(int) * 8 + (numbers[1::2] * 8).astype(int), minlength=64)
    assert stats.chisquare(pairs).pvalue > 1e-3


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_normal_numbers_are_normal(dtype: str) -> None:
    z = Generator(0).randn(N, dtype=dtype).numpy().astype(float)
    assert np.isfinite(z).all()
    assert abs(z.mean()) < 4 / N**0.5
    assert abs(z.var() - 1) < 4 * (2 / N) ** 0.5
    assert abs(stats.skew(z)) < 4 * (6 / N) ** 0.5
    assert abs(stats.kurtosis(z)) < 4 * (24 / N) ** 0.5
    if dtype == "float64":
        assert stats.kstest(z, "norm").pvalue > 1e-3


def test_integers_hit_every_value_alike() -> None:
    numbers = Generator(0).randint(-3, 7, (N,)).numpy()
    assert stats.chisquare(np.bincount(numbers + 3, minlength=10)).pvalue > 1e-3
    assert numbers.dtype == np.int64


def test_bernoulli_and_permutation() -> None:
    g = Generator(0)
    assert g.bernoulli(0.3, (N,)).mean().item() == pytest.approx(0.3, abs=0.006)
    drawn = g.bernoulli(gradus.tensor([0.0, 1.0, 0.0]))
    assert drawn.tolist() == [0, 1, 0]
    places = g.permutation(1000)
    assert sorted(places.tolist()) == list(range(1000))
    assert (places != np.arange(1000)).any()


def test_shapes() -> None:
    g = Generator(0)
    assert [g.rand(*s).shape for s in ((), (0,), (3,), (2, 3), ((4, 5),))] == [(), (0,), (3,), (2, 3), (4, 5)]
    assert [g.randn(*s).shape for s in ((), (0,), (3,), (2, 3), ((4, 5),))] == [(), (0,), (3,), (2, 3), (4, 5)]


# -- states ------------------------------------------------------------------------------------------------------------


def test_seeds_decide_everything_and_differ() -> None:
    def draw() -> list[object]:
        return [gradus.rand(3).tolist(), gradus.randn(3).tolist(), gradus.randint(0, 9, (3,)).tolist()]

    gradus.seed(5)
    first = draw()
    gradus.seed(5)
    assert draw() == first != draw()
    gradus.seed(6)
    assert draw() != first


def test_a_restored_state_goes_on_where_it_stopped() -> None:
    g = Generator(11)
    g.randn(7)
    saved = g.state.copy()
    expected = g.rand(5).tolist(), g.permutation(4).tolist()
    h = Generator(0)
    h.state.assign_(saved)
    assert (h.rand(5).tolist(), h.permutation(4).tolist()) == expected


def test_drawing_is_never_recorded() -> None:
    x = gradus.ones(3).requires_grad_()
    assert not gradus.rand(3).requires_grad
    assert gradus.grad((x * gradus.randn(3)).sum(), x).shape == (3,)


def test_what_is_refused() -> None:
    for seed in (-1, 2**64, 1.5, "one"):
        with pytest.raises(ArgumentError, match="a seed is an integer"):
            gradus.seed(seed)
    with pytest.raises(ArgumentError, match="high must be above low"):
        gradus.randint(3, 3, (2,))
    with pytest.raises(ArgumentError, match="a probability is from 0 to 1"):
        gradus.bernoulli(1.5, (2,))
    with pytest.raises(DtypeError, match="Use randint"):
        gradus.rand(3, dtype=int)


# -- drawing by probabilities ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("replacement", [False, True])
def test_draws_have_the_probabilities(replacement: bool, compiled: bool) -> None:
    p = gradus.tensor([[0.0, 1.0, 3.0, 0.0, 4.0]]).broadcast_to(4000, 5)

    def draw(p: gradus.Tensor) -> gradus.Tensor:
        return gradus.multinomial(p, 1, replacement)

    drawn = (gradus.compile(draw) if compiled else draw)(p)
    shares = drawn.ravel().bincount(length=5).numpy() / 4000
    np.testing.assert_allclose(shares, [0, 0.125, 0.375, 0, 0.5], atol=0.03)


def test_draws_without_replacement_are_different() -> None:
    drawn = gradus.multinomial(gradus.ones((50, 6)), 6)
    np.testing.assert_array_equal(drawn.sort().numpy(), np.tile(np.arange(6), (50, 1)))


@pytest.mark.parametrize("p", [[-1.0, 2.0], [float("nan"), 1.0], [0.0, 0.0], [1.0, 0.0]])
def test_no_probabilities_are_refused(p: list[float]) -> None:
    with pytest.raises(ArgumentError, match=r"multinomial: .*probabilities"):
        gradus.multinomial(p, 2)
    if p != [1.0, 0.0]:
        with pytest.raises(ArgumentError, match=r"multinomial: .*probabilities"):
            gradus.compile(lambda p: gradus.multinomial(p, 1))(gradus.tensor(p))


def test_orders_are_those_of_permutation() -> None:
    gradus.seed(5)
    order = gradus.permutation(20)
    gradus.seed(5)
    np.testing.assert_array_equal(gradus.randperm(20).numpy(), order)
