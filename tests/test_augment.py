"""Changes of pictures: exact values, what goes with the pictures, chance, and the same in a compiled step."""

from __future__ import annotations

import importlib
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradus
from gradus.data import (
    Change,
    ColorJitter,
    Compose,
    CutMix,
    ElasticTransform,
    GaussianBlur,
    GaussianNoise,
    Grayscale,
    MixUp,
    Normalize,
    RandomAffine,
    RandomApply,
    RandomCrop,
    RandomErasing,
    RandomGrayscale,
    RandomHorizontalFlip,
    RandomResizedCrop,
    RandomRotation,
    RandomVerticalFlip,
)
from gradus.data.augment.change import Size
from gradus.errors import ArgumentError, DtypeError, GradusError, ShapeError
from gradus.nn import functional as F


def pictures(n: int = 4, c: int = 3, h: int = 6, w: int = 8) -> gradus.Tensor:
    return gradus.tensor(np.random.default_rng(0).random((n, c, h, w)).astype(np.float32))


def same(found: Any, expected: Any, atol: float = 0) -> None:
    np.testing.assert_allclose(np.asarray(found), np.asarray(expected), rtol=0, atol=atol)


CHANGES: dict[str, Any] = {
    "flip": lambda: RandomHorizontalFlip(),
    "vertical flip": lambda: RandomVerticalFlip(),
    "crop": lambda: RandomCrop((6, 8), padding=2),
    "reflecting crop": lambda: RandomCrop((6, 8), padding=(1, 2), padding_mode="reflect"),
    "resized crop": lambda: RandomResizedCrop((6, 8)),
    "affine": lambda: RandomAffine(20, translate=(0.2, 0.1), scale=(0.8, 1.2), shear=10, fill=0.5),
    "rotation": lambda: RandomRotation(30, p=0.5),
    "elastic": lambda: ElasticTransform(std=1.0),
    "colours": lambda: ColorJitter(0.3, 0.3, 0.3, 0.2),
    "grey": lambda: RandomGrayscale(p=0.5),
    "noise": lambda: GaussianNoise(sigma=0.1),
    "blur": lambda: GaussianBlur(3),
    "erasing": lambda: RandomErasing(p=0.7),
    "erasing at random": lambda: RandomErasing(value="random"),
    "some": lambda: RandomApply([RandomVerticalFlip(p=1), GaussianNoise(sigma=0.2)], p=0.5),
    "several": lambda: Compose([RandomCrop((6, 8), padding=1), RandomHorizontalFlip(), ColorJitter(0.2)]),
}
ROOT = Path(__file__).parent.parent
FILES = ("blots", "colours", "flips_and_crops", "geometry", "mixing")
each_change = pytest.mark.parametrize("name", CHANGES)


# -- of all alike ------------------------------------------------------------------------------------------------------


@each_change
def test_eager_is_compiled_and_a_seed_says_all(name: str) -> None:
    change, x = CHANGES[name](), pictures()
    compiled = gradus.compile(lambda x: change(x))
    gradus.seed(3)
    first, second = change(x), change(x)
    gradus.seed(3)
    same(change(x), first)
    gradus.seed(3)
    natively = [compiled(x).numpy(), compiled(x).numpy()]
    same(natively[0], first, 2e-6)
    same(natively[1], second, 2e-6)
    assert first.shape == x.shape and first.dtype == x.dtype
    assert not (first == second).all()


@pytest.mark.parametrize("name", ["resized crop", "elastic", "colours", "some"])
def test_bits_do_not_depend_on_the_threads(name: str, shared: None) -> None:
    change, x = CHANGES[name](), pictures()
    found = []
    for threads in (1, 3):
        gradus.set_num_threads(threads)
        gradus.seed(1)
        found.append(gradus.compile(lambda x: change(x))(x).numpy())
    same(*found)


@each_change
def test_after_eval_nothing_happens(name: str) -> None:
    change, x = CHANGES[name]().eval(), pictures()
    same(change(x), x, 1e-6 if "resized" in name else 0)


@each_change
def test_arrays_single_pictures_and_other_precisions(name: str) -> None:
    change, x = CHANGES[name](), pictures().numpy()
    gradus.seed(1)
    as_array = change(x[:1])
    gradus.seed(1)
    alone = change(x[0])
    same(as_array[0], alone)
    for dtype in ("float16", "float64"):
        assert change(x.astype(dtype)).dtype == dtype


@each_change
def test_what_is_no_picture_is_told(name: str) -> None:
    change = CHANGES[name]()
    with pytest.raises(DtypeError, match=r'uint8.*astype\("float32"\) / 255'):
        change(np.zeros((2, 3, 6, 8), np.uint8))
    with pytest.raises(ShapeError, match=r"\(n, c, h, w\)"):
        change(np.zeros((6, 8), np.float32))


@each_change
def test_a_gradient_comes_back_to_the_pictures(name: str) -> None:
    x = pictures().requires_grad_()
    CHANGES[name]()(x).sum().backward()
    assert np.isfinite(x.grad.numpy()).all()


def _offered(file: str) -> list[str]:
    listed: list[str] = importlib.import_module(f"gradus.data.augment.{file}").__all__
    return listed


def test_the_picture_of_the_page_has_every_change() -> None:
    script = runpy.run_path(str(ROOT / "examples" / "augmentation_picture.py"))
    rng = np.random.default_rng(0)
    rows = script["changed"](rng.random((3, 3, 32, 32)).astype(np.float32), np.arange(3))
    assert all(row.shape == (3, 3, 32, 32) for row in rows.values())
    shown = " ".join(rows)
    wanted = [n for file in FILES for n in _offered(file)]
    assert [n for n in wanted if n not in shown and n not in ("Grayscale", "Normalize")] == []
    assert len(script["drawn"](rows).axes) == 2


def test_every_change_is_held_to_this() -> None:
    held = {type(part).__name__ for make in CHANGES.values() for part in make().modules()}
    others = {"Grayscale", "Normalize"} | {"MixUp", "CutMix"}  # that act after eval(), too, or take labels
    assert {name for file in FILES for name in _offered(file)} - held == others


STILL = {
    "no angle": RandomAffine(0),
    "no shift": RandomAffine(0, translate=(0, 0), scale=(1, 1), shear=0),
    "no rotation": RandomRotation(0),
    "no stretching": ElasticTransform(std=0),
    "no colours": ColorJitter((1, 1), (1, 1), (1, 1), 0),
    "no probability": RandomApply([RandomHorizontalFlip(p=1)], p=0),
    "no noise": GaussianNoise(sigma=0),
    "nothing erased": RandomErasing(p=0),
    "the whole": RandomCrop((6, 8)),
    "nothing": Compose([]),
}


@pytest.mark.parametrize("name", STILL)
def test_no_change_changes_no_bit(name: str) -> None:
    same(STILL[name](pictures()), pictures())


# -- chance ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_each_sample_by_itself_with_probability_p(p: float) -> None:
    n = 2000
    x = gradus.tensor(np.tile(np.array([[[[0.0, 1.0]]]], np.float32), (n, 1, 1, 1)))
    for change in (RandomHorizontalFlip(p), RandomApply([RandomHorizontalFlip(1)], p), RandomRotation((180, 180), p=p)):
        turned = change(x).numpy()[:, 0, 0, 0] > 0.5
        assert abs(turned.mean() - p) <= 4 * np.sqrt(p * (1 - p) / n)
        both = (turned[1:] & turned[:-1]).mean()  # neighbours know nothing of each other
        assert abs(both - p * p) <= 4 * np.sqrt(p * p * (1 - p * p) / n)


def test_crops_are_at_all_places_alike() -> None:
    x = np.arange(20, dtype=np.float32).reshape(1, 1, 4, 5).repeat(3000, 0)
    found = RandomCrop((2, 3))(x).numpy()
    corners = found[:, 0, 0, 0].astype(int)
    places, counts = np.unique(corners, return_counts=True)
    assert places.tolist() == [0, 1, 2, 5, 6, 7, 10, 11, 12]
    assert ((counts - 3000 / 9) ** 2 / (3000 / 9)).sum() < 30  # chi^2 with 8 degrees of freedom: 99.98 %
    same(found - corners.reshape(-1, 1, 1, 1), np.tile([[[[0, 1, 2], [5, 6, 7]]]], (3000, 1, 1, 1)))


def test_angles_shifts_and_factors_are_drawn_evenly() -> None:
    n = 4000
    x = gradus.full((n, 1, 1, 1), 0.5)
    factors = ColorJitter(brightness=(0.5, 1.5))(x).numpy().ravel() / 0.5
    assert 0.5 <= factors.min() < 0.51 and 1.49 < factors.max() <= 1.5
    assert abs(factors.mean() - 1) < 4 / np.sqrt(12 * n)
    noise = GaussianNoise(mean=0.1, sigma=0.2, clip=False)(x).numpy() - 0.5
    assert abs(noise.mean() - 0.1) < 4 * 0.2 / np.sqrt(n) and abs(noise.std() - 0.2) < 4 * 0.2 / np.sqrt(2 * n)


@pytest.mark.parametrize("alpha", [0.2, 1.0, 3.0])
def test_mixed_shares_are_from_the_beta_distribution(alpha: float) -> None:
    from scipy import stats

    n = 3000
    _, y = MixUp(alpha, num_classes=2)(gradus.zeros((n, 1, 1, 1)), np.arange(n) % 2)
    kept = y.numpy()[np.arange(n), np.arange(n) % 2]
    assert stats.kstest(kept, stats.beta(alpha, alpha).cdf).pvalue > 1e-3


def test_areas_and_forms_of_crops_are_as_asked_for() -> None:
    ramp = np.stack(np.meshgrid(np.arange(100.0), np.arange(100.0)))[None].repeat(500, 0).astype(np.float32)
    found = RandomResizedCrop(10, scale=(0.2, 0.4), ratio=(0.5, 2.0))(ramp).numpy()
    w = found[:, 0, 0, -1] - found[:, 0, 0, 0]
    h = found[:, 1, -1, 0] - found[:, 1, 0, 0]
    w, h = w / 9 * 10, h / 9 * 10
    area, form = w * h / 1e4, w / h
    assert area.min() > 0.195 and area.max() < 0.405 and area.max() - area.min() > 0.19
    assert form.min() > 0.49 and form.max() < 2.05 and abs(np.log(form).mean()) < 0.1


# -- known values ------------------------------------------------------------------------------------------------------


def shifted(x: np.ndarray, down: int, right: int) -> np.ndarray:
    """Shifted, zeros coming after."""
    y = np.zeros_like(x)
    h, w = x.shape[-2:]
    y[..., max(down, 0) : h + min(down, 0), max(right, 0) : w + min(right, 0)] = x[
        ..., max(-down, 0) : h + min(-down, 0), max(-right, 0) : w + min(-right, 0)
    ]
    return y


class Known(RandomAffine):
    """A map that is given: a, b, c, d, right, down."""

    def __init__(self, *numbers: float, **options: Any) -> None:
        super().__init__(0, **options)
        self.numbers = numbers

    def draw(self, size: Any, numbers: Any) -> Any:
        return [gradus.full((size.n,), float(v)) for v in self.numbers]


@pytest.mark.parametrize(("down", "right"), [(0, 1), (2, 0), (-1, -3), (6, 0)])
def test_a_shift_by_whole_pixels_is_exact(down: int, right: int) -> None:
    x = pictures().numpy()
    same(Known(1, 0, 0, 1, right, down)(x), shifted(x, down, right))
    same(Known(1, 0, 0, 1, right, down, interpolation="nearest")(x), shifted(x, down, right))
    same(Known(1, 0, 0, 1, right, down, fill=0.25)(x), shifted(x - 0.25, down, right) + 0.25, 1e-7)


def test_half_a_pixel_is_the_mean_of_two() -> None:
    x = np.array([[[[1.0, 2.0, 4.0]]]], np.float32)
    same(Known(1, 0, 0, 1, 0.5, 0)(x), [[[[0.5, 1.5, 3.0]]]])
    same(Known(1, 0, 0, 1, 0.5, 0, padding_mode="border")(x), [[[[1.0, 1.5, 3.0]]]])


def test_quarter_turns() -> None:
    x = pictures(h=8, w=8).numpy()
    for turns in (1, 2, 3, -1):
        same(RandomRotation((90 * turns, 90 * turns))(x), np.rot90(x, turns, (-2, -1)), 1e-5)
        same(RandomAffine((-90 * turns, -90 * turns))(x), np.rot90(x, turns, (-2, -1)), 1e-5)


def test_twice_as_large_and_half_as_large() -> None:
    x = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)
    larger = RandomAffine(0, scale=(2, 2))(x).numpy()[0, 0]
    same(larger[1:3, 1:3], [[6.25, 6.75], [8.25, 8.75]], 1e-5)
    smaller = RandomAffine(0, scale=(0.5, 0.5))(x).numpy()[0, 0]
    same(smaller[1:3, 1:3], [[2.5, 4.5], [10.5, 12.5]], 1e-5)
    assert not smaller[[0, -1]].any() and not smaller[:, [0, -1]].any()


def test_a_shear_moves_rows_by_their_height() -> None:
    x = np.zeros((1, 1, 5, 9), np.float32)
    x[..., 4] = 1
    found = RandomAffine(0, shear=(45, 45))(x).numpy()[0, 0]
    assert found.argmax(1).tolist() == [6, 5, 4, 3, 2]
    upright = RandomAffine(0, shear=(0, 0, 45, 45))(np.swapaxes(x, 2, 3)).numpy()[0, 0]
    assert upright.argmax(0).tolist() == [6, 5, 4, 3, 2]


def test_crops_with_padding() -> None:
    x = pictures(n=50).numpy()
    for mode in ("constant", "edge", "reflect", "symmetric"):
        crop = RandomCrop(5, padding=(1, 2, 0, 1), padding_mode=mode)
        wide = np.pad(x, ((0, 0), (0, 0), (2, 1), (1, 0)), mode)
        gradus.seed(0)
        drawn = crop.draw(Size(50, 3, 6, 8), gradus.random.default)
        gradus.seed(0)
        expected = [w[:, t : t + 5, s : s + 5] for w, t, s in zip(wide, *(d.numpy() for d in drawn), strict=True)]
        same(crop(x), np.stack(expected))
    same(RandomCrop(4).eval()(x), x[:, :, 1:5, 2:6])
    with pytest.raises(ShapeError, match=r"\(9, 9\) is to be cut out of \(6, 8\)"):
        RandomCrop(9)(x)


def test_resized_to_the_whole_and_to_a_part() -> None:
    x = pictures(h=8, w=8).numpy()
    same(RandomResizedCrop(8, scale=(1, 1), ratio=(1, 1))(x), x)
    rest = RandomResizedCrop((5, 11)).eval()(x)
    same(rest, F.interpolate(x, (5, 11), mode="bilinear", align_corners=False), 1e-6)


def test_brightness_contrast_and_saturation() -> None:
    x = pictures().numpy()
    grey = (x * np.array([0.299, 0.587, 0.114], np.float32).reshape(-1, 1, 1)).sum(1, keepdims=True)
    mean = grey.mean((1, 2, 3), keepdims=True)
    same(ColorJitter(brightness=(1.5, 1.5))(x), (1.5 * x).clip(0, 1), 1e-6)
    same(ColorJitter(contrast=(0.5, 0.5))(x), 0.5 * x + 0.5 * mean, 1e-6)
    same(ColorJitter(saturation=(0, 0))(x), grey.repeat(3, 1), 1e-6)
    same(ColorJitter(saturation=(2, 2))(x), (2 * x - grey).clip(0, 1), 1e-6)
    same(Grayscale()(x), grey, 1e-6)
    same(Grayscale(3).eval()(x), grey.repeat(3, 1), 1e-6)
    one = x[:, :1]
    same(ColorJitter(saturation=(2, 2), hue=0.5)(one), one)
    same(ColorJitter(contrast=(0, 0))(one), np.broadcast_to(one.mean((1, 2, 3), keepdims=True), one.shape), 1e-6)
    with pytest.raises(ShapeError, match="1 channel, or red, green and blue"):
        ColorJitter(hue=0.1)(np.zeros((2, 4, 3, 3), np.float32))


def test_hues_are_turned_as_colorsys_does() -> None:
    import colorsys

    x = pictures(n=2, h=4, w=5).numpy()
    x[0, :, 0] = [[0.3], [0.3], [0.3]]  # greys have no hue
    for turn in (-0.4, 0.1, 0.5):
        found = ColorJitter(hue=(turn, turn))(x).numpy().transpose(0, 2, 3, 1).reshape(-1, 3)
        for before, after in zip(x.transpose(0, 2, 3, 1).reshape(-1, 3), found, strict=True):
            h, s, v = colorsys.rgb_to_hsv(*map(float, before))
            same(after, colorsys.hsv_to_rgb((h + turn) % 1, s, v), 1e-5)


def test_blur_is_a_convolution_with_gaussian_weights() -> None:
    from scipy import ndimage

    x = pictures().numpy()
    weights = np.exp(-(np.arange(-2.0, 3) ** 2) / (2 * 0.8**2))
    weights /= weights.sum()
    three = weights[1:4] / weights[1:4].sum()
    expected = ndimage.convolve1d(ndimage.convolve1d(x, weights, 2, mode="mirror"), three, 3, mode="mirror")
    same(GaussianBlur((5, 3), sigma=0.8)(x), expected, 1e-5)
    with pytest.raises(ShapeError, match="reaches over"):
        GaussianBlur(13)(x)


def test_erased_rectangles() -> None:
    x = np.ones((300, 3, 20, 30), np.float32)
    found = RandomErasing(p=1, scale=(0.1, 0.3), ratio=(0.5, 2), value=(7, 8, 9))(x).numpy()
    erased = found[:, 0] == 7
    for c, value in enumerate((7, 8, 9)):
        assert ((found[:, c] == value) == erased).all() and (found[:, c][~erased] == 1).all()
    areas = []
    for mask in erased:
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        assert mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
        assert mask.sum() == len(rows) * len(columns)
        areas.append(mask.mean())
    assert min(areas) > 0.08 and max(areas) < 0.34 and np.std(areas) > 0.04
    assert erased.any(0)[1:-1, 1:-1].all()


def test_normalize() -> None:
    x = pictures().numpy()
    mean, std = [0.1, 0.2, 0.3], [0.5, 0.6, 0.7]
    expected = (x - np.reshape(np.float32(mean), (3, 1, 1))) / np.reshape(np.float32(std), (3, 1, 1))
    layer = Normalize(mean, std)
    same(layer(x), expected, 1e-6)
    same(layer.eval()(x), expected, 1e-6)
    assert [name for name, _ in layer.named_buffers()] == ["mean", "std"]
    with pytest.raises(ShapeError, match="3 channels"):
        layer(x[:, :2])


def test_elastic_deformations_are_smooth_and_as_large_as_asked_for() -> None:
    change = ElasticTransform(std=3.0)
    n, h, w = 400, 16, 24
    size = Size(n, 1, h, w)
    y, x = (p.numpy() for p in change.places(change.draw(size, gradus.random.default), size))
    away = np.stack([y - np.arange(h)[:, None], x - np.arange(w)])
    corner = away[:, :, 0, 0]
    assert abs(corner.std() - 3) < 0.3 and abs(corner.mean()) < 0.5
    assert np.abs(np.diff(away, axis=-1)).max() < 3


# -- what belongs to the pictures --------------------------------------------------------------------------------------

GEOMETRY = {
    "flip": RandomHorizontalFlip(),
    "vertical flip": RandomVerticalFlip(),
    "crop": RandomCrop((10, 12), padding=3),
    "part": RandomCrop((7, 5)),
    "resized crop": RandomResizedCrop((8, 8), scale=(0.3, 1)),
    "affine": RandomAffine(30, translate=(0.2, 0.2), scale=(0.7, 1.3), shear=(-10, 10), interpolation="nearest"),
    "rotation": RandomRotation(45, interpolation="nearest", p=0.5),
    "elastic": ElasticTransform(std=2.0, interpolation="nearest", padding_mode="zeros"),
    "some": RandomApply([RandomHorizontalFlip(1)], 0.5),
    "several": Compose([RandomHorizontalFlip(), RandomCrop(8), RandomVerticalFlip(), GaussianNoise(sigma=0)]),
}


@pytest.mark.parametrize(
    ("name", "compiled"), [*((name, False) for name in GEOMETRY), ("crop", True), ("elastic", True)]
)
def test_masks_go_with_the_pictures(name: str, compiled: bool) -> None:
    """Pictures that hold the masks' own numbers, read by "nearest" where it is asked, are the masks afterwards."""
    mask = np.random.default_rng(0).integers(0, 50, (6, 10, 12))
    x = mask[:, None].astype(np.float32) / 64
    change = GEOMETRY[name]
    call = gradus.compile(lambda *given: change(*given)) if compiled else change
    moved, integers, booleans, bytes_ = call(x, mask, mask > 20, mask[:, None].astype(np.uint8))
    assert integers.dtype == mask.dtype and booleans.dtype == bool and bytes_.dtype == np.uint8
    if name != "resized crop":  # which has no interpolation to choose
        same(integers, moved.numpy()[:, 0] * 64)
    assert set(np.unique(integers.numpy())) <= {*np.unique(mask), 0}
    same(bytes_.numpy()[:, 0], integers)
    same(booleans, integers.numpy() > 20)


def test_labels_and_numbers_by_side() -> None:
    x, labels, values = pictures(), np.arange(4), np.arange(8.0).reshape(4, 2)
    flipped, same_labels, same_values, heights = RandomHorizontalFlip(1)(x, labels, values, x.numpy())
    assert same_labels is labels and same_values is values
    same(heights, flipped)
    darker, heights = ColorJitter(brightness=(0.5, 0.5))(x, x.numpy())
    same(heights, x)
    same(darker, x.numpy() / 2)
    alone, label = RandomHorizontalFlip(1)(x[0], 3)
    assert alone.shape == (3, 6, 8) and int(label) == 3


@pytest.mark.parametrize(
    "change",
    [
        RandomHorizontalFlip(),
        RandomVerticalFlip(),
        RandomCrop((24, 20), padding=4),
        RandomResizedCrop((36, 28), scale=(0.8, 1)),
        RandomAffine(25, translate=(0.1, 0.1), scale=(0.9, 1.2), shear=10),
        RandomRotation(25),
        Compose([RandomHorizontalFlip(), RandomCrop(24, padding=4), RandomRotation(10)]),
    ],
    ids=lambda c: type(c).__name__,
)
def test_points_and_boxes_go_with_the_pictures(change: Change) -> None:
    """A bright spot is where its point says, before and after."""
    n, h, w = 40, 32, 30
    rng = np.random.default_rng(0)
    y, x = rng.uniform(12, 20, n), rng.uniform(12, 18, n)
    rows, columns = np.arange(h)[:, None] + 0.5, np.arange(w) + 0.5
    spots = np.exp(-((rows - y[:, None, None]) ** 2 + (columns - x[:, None, None]) ** 2) / 8)[:, None]
    points = np.stack([x, y], -1)[:, None].astype(np.float32)
    boxes = np.concatenate([points - 2, points + 2], -1)
    moved, places, around = change(spots.astype(np.float32), points=points, boxes=boxes)
    light = moved.numpy()[:, 0]
    rows, columns = np.arange(light.shape[1])[:, None] + 0.5, np.arange(light.shape[2]) + 0.5
    inside = light[:, [0, -1]].max((1, 2)) + light[:, :, [0, -1]].max((1, 2)) < 0.01
    assert inside.sum() > 10
    found = np.stack([(light * columns).sum((1, 2)), (light * rows).sum((1, 2))], -1) / light.sum((1, 2))[:, None]
    same(places.numpy()[inside, 0], found[inside], 0.1)
    middles = (around.numpy()[:, 0, :2] + around.numpy()[:, 0, 2:]) / 2
    same(middles, places.numpy()[:, 0], 1e-3)
    assert (around.numpy()[:, 0, 2:] - around.numpy()[:, 0, :2] > 3).all()


def test_what_cannot_go_along_is_told() -> None:
    with pytest.raises(ArgumentError, match="known only the other way round"):
        ElasticTransform()(pictures(), points=np.zeros((4, 1, 2), np.float32))
    with pytest.raises(ShapeError, match=r"boxes are floating-point numbers \(n, k, 4\), of 4 pictures"):
        RandomHorizontalFlip()(pictures(), boxes=np.zeros((4, 4), np.float32))


# -- mixtures ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mix", [MixUp, CutMix])
def test_labels_are_mixed_as_the_pictures(mix: Any) -> None:
    """Pictures of one grey each, here their label: the mean of what comes out is the mean by the mixed label."""
    n, classes = 64, 5
    y = np.random.default_rng(0).integers(0, classes, n)
    x = np.broadcast_to(y.astype(np.float32).reshape(-1, 1, 1, 1), (n, 2, 10, 12))
    pictures, shares = mix(num_classes=classes)(x, y)
    same(shares.sum(1), np.ones(n), 1e-6)
    same(pictures.numpy().mean((1, 2, 3)), shares.numpy() @ np.arange(classes), 1e-5)
    soft = np.eye(classes, dtype=np.float32)[y]
    gradus.seed(5)
    one = mix(num_classes=classes)(x, y)
    gradus.seed(5)
    two = mix()(x, soft)
    for a, b in zip(one, two, strict=True):
        same(a, b)


def test_a_cut_out_rectangle_is_the_neighbours() -> None:
    x = np.random.default_rng(0).random((50, 1, 9, 11)).astype(np.float32)
    found, y = CutMix(num_classes=2)(x, np.arange(50) % 2)
    before = np.roll(x, 1, 0)
    from_it = (found.numpy() == before)[:, 0]
    assert ((found.numpy() == x)[:, 0] | from_it).all()
    same(1 - from_it.mean((1, 2)), y.numpy()[np.arange(50), np.arange(50) % 2], 1e-6)
    for mask in from_it:
        assert mask.sum() == mask.any(0).sum() * mask.any(1).sum()


@pytest.mark.parametrize("mix", [MixUp, CutMix])
def test_mixtures_refuse_and_rest(mix: Any) -> None:
    x, y = pictures(), np.array([0, 1, 0, 1])
    with pytest.raises(ArgumentError, match="called with both"):
        mix(num_classes=2)(x)
    with pytest.raises(ArgumentError, match=r"num_classes=\.\.\."):
        mix()(x, y)
    with pytest.raises(ShapeError, match=r"labels are integers \(n,\)"):
        mix(num_classes=2)(x, y[:3])
    found = mix(num_classes=2).eval()(x, y)
    assert found[1] is y and found[0] is x
    nothing = mix(num_classes=2, p=0)(x, y)
    same(nothing[0], x)
    same(nothing[1], np.eye(2)[y])


# -- wrong arguments ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RandomHorizontalFlip(1.5), r"p must be in \[0, 1\]"),
        (lambda: RandomCrop(0), "RandomCrop: size"),
        (lambda: RandomCrop(4, padding=(1, 2, 3)), "padding is one, two or four integers"),
        (lambda: RandomCrop(4, padding_mode="mirror"), "unknown padding_mode 'mirror'. Known: constant, edge"),
        (lambda: RandomResizedCrop(4, scale=(0.5, 1.5)), "scale is two numbers from 0 to 1"),
        (lambda: RandomResizedCrop(4, ratio=(2, 1)), "ratio is two numbers"),
        (lambda: RandomAffine(-3), "degrees is a number of 0 or more"),
        (lambda: RandomAffine(3, translate=(2, 0)), "translate is two shares"),
        (lambda: RandomAffine(3, scale=(0, 1)), "scale is two numbers"),
        (lambda: RandomRotation(3, interpolation="linear"), "Did you mean 'bilinear'"),
        (lambda: RandomRotation(3, padding_mode="zero"), "Did you mean 'zeros'"),
        (lambda: ElasticTransform(grid=1), "grid must be an integer of 2 or more"),
        (lambda: ColorJitter(hue=0.7), "hue is two numbers from -0.5 to 0.5"),
        (lambda: ColorJitter(brightness=-1), "brightness is a number of 0 or more"),
        (lambda: ColorJitter(contrast="much"), "contrast is two numbers"),
        (lambda: Grayscale(2), "num_output_channels is 1 or 3"),
        (lambda: Normalize([0.1], [0.0]), "std holds numbers above 0"),
        (lambda: Normalize([0.1, 0.2], [1.0]), "mean has 2 channels, std 1"),
        (lambda: GaussianBlur(4), "kernel_size is odd"),
        (lambda: GaussianBlur(3, sigma=0), "sigma is two numbers"),
        (lambda: GaussianNoise(sigma=-1), "sigma must be in"),
        (lambda: RandomErasing(value="noise"), "or 'random'"),
        (lambda: MixUp(0), "alpha must be in"),
        (lambda: CutMix(num_classes=1), "num_classes must be an integer of 2"),
        (lambda: Compose(RandomHorizontalFlip()), "transforms are Changes or other modules, in a list"),
        (lambda: RandomApply([RandomHorizontalFlip], 0.5), "transforms are Changes or other modules, in a list"),
    ],
)
def test_arguments_outside_of_sense(make: Any, message: str) -> None:
    with pytest.raises(GradusError, match=message):
        make()


def test_a_printed_change_says_its_options() -> None:
    assert repr(RandomRotation(10)).startswith("RandomRotation(degrees=(-10.0, 10.0)")
    assert "RandomCrop(size=(4, 4)" in repr(Compose([RandomCrop(4)]))
