"""A layer as rotation, scaling, rotation, translation, bending; networks that untangle their data; made data."""

from __future__ import annotations

import numpy as np
import pytest

import gradus
from gradus import data, draw, inspect, models, nn
from gradus.errors import ArgumentError, ShapeError


@pytest.mark.parametrize("shape", [(2, 2), (3, 2), (2, 3), (5, 5), (1, 4)])
def test_any_matrix_is_a_rotation_a_scaling_and_a_rotation(shape):
    for seed in range(5):
        W = np.random.default_rng(seed).normal(size=shape)
        f = inspect.rotation_scaling_rotation(W)
        assert f.left @ f.scale @ f.right == pytest.approx(W)
        for rotation in (f.left, f.right):
            assert rotation @ rotation.T == pytest.approx(np.eye(len(rotation)))
            assert np.linalg.det(rotation) == pytest.approx(1)
        assert (f.scale[~np.eye(*shape, dtype=bool)] == 0).all()
        assert np.abs(np.diagonal(f.scale)) == pytest.approx(np.linalg.svd(W)[1])
        if shape[0] == shape[1]:
            assert np.sign(np.prod(np.diagonal(f.scale))) == np.sign(np.linalg.det(W))


def test_a_rotation_by_30_degrees_and_a_mirror():
    c, s = np.cos(np.pi / 6), np.sin(np.pi / 6)
    f = inspect.rotation_scaling_rotation([[c, -s], [s, c]])
    assert f.scale == pytest.approx(np.eye(2))
    assert inspect.rotation_scaling_rotation([[0.0, 1.0], [1.0, 0.0]]).scale[1, 1] == pytest.approx(-1)


@pytest.mark.parametrize("sizes", [[2, 2, 2], [2, 3, 2], [3, 1, 4]])
def test_the_stages_end_where_the_network_does(sizes):
    gradus.seed(1)
    model = models.MLP(sizes, nn.Tanh)
    x = np.random.default_rng(0).normal(size=(20, sizes[0])).astype(np.float32)
    stages = inspect.network_stages(model, x)
    steps = ["rotate", "scale", "rotate", "translate"]
    assert [stage.name for stage in stages] == ["data", *steps, "bend", *steps]
    assert stages[-1].points == pytest.approx(model(gradus.tensor(x)).numpy(), abs=1e-5)
    assert stages[5].points == pytest.approx(inspect.hidden_points(model, x)[1], abs=1e-5)
    assert [stage.points.shape[1] for stage in stages[:6]] == [sizes[0]] * 2 + [sizes[1]] * 4
    # rotations keep all distances, translations keep differences
    for before, after in ((stages[0], stages[1]), (stages[2], stages[3])):
        assert np.linalg.norm(after.points, axis=1) == pytest.approx(np.linalg.norm(before.points, axis=1))
    assert stages[4].points - stages[3].points == pytest.approx(np.tile(model.layers[0].bias.numpy(), (20, 1)))


def test_dimension_up_puts_points_on_a_plane():
    stages = inspect.layer_stages(nn.Linear(2, 3), nn.ReLU(), np.random.default_rng(0).normal(size=(50, 2)))
    assert (stages[1].points[:, 2] == 0).all()
    assert "2 → 3 dimensions" in stages[1].detail
    assert np.linalg.matrix_rank(stages[2].points, tol=1e-9) == 2
    assert np.linalg.matrix_rank(stages[4].points, tol=1e-9) == 3  # bent: no longer in a plane


def test_rings_are_untangled_through_three_dimensions():
    points = data.rings(120)
    model = models.MLP([2, 3, 2, 2], nn.Tanh)
    found = inspect.untangle(model, gradus.optim.Adam(model.parameters(), lr=0.02), points, epochs=25)
    assert not found.margins[0].separable and found.margins[-1].separable and found.separable
    x, y = points.arrays
    last = inspect.hidden_points(model, x)[-1]
    assert last.shape == (120, 2)
    learned = models.Perceptron(2).learn(last, y)
    assert learned.separated and learned.total <= found.margins[-1].bound


def test_the_decision_plane_is_the_network_at_each_place():
    model = models.MLP([2, 8, 3])
    plane = inspect.decision_plane(model, (-1, 1), (0, 2), steps=7)
    assert plane.scores.shape == (7, 7, 3)
    for row, column in ((0, 0), (6, 2), (3, 5)):
        z = model(gradus.tensor([[plane.x[column], plane.y[row]]])).numpy()[0]
        assert plane.scores[row, column] == pytest.approx(z, abs=1e-5)
        assert plane.predicted[row, column] == z.argmax()
    single = inspect.Plane(plane.x, plane.y, plane.scores[..., :1])
    assert (single.predicted == (plane.scores[..., 0] > 0)).all()


@pytest.mark.parametrize("make", [data.moons, data.rings, data.spirals])
def test_made_data(make):
    x, y = make(100, seed=3).arrays
    assert x.shape == (100, 2) and x.dtype == np.float32 and (np.bincount(y) == 50).all()
    assert (make(100, seed=3).arrays[0] == x).all() and (make(100, seed=4).arrays[0] != x).any()
    assert not models.widest_margin(*make(400).arrays).separable
    assert np.abs(x).max() < 3
    with pytest.raises(ArgumentError, match="n must be 2 or more"):
        make(1)


def test_rings_lie_at_their_radii():
    x, y = data.rings(400, noise=0.0).arrays
    radius = np.linalg.norm(x, axis=1)
    assert radius[y == 1] == pytest.approx(1.5) and radius[y == 0].max() <= 0.6


def test_mistakes_with_geometry():
    with pytest.raises(ShapeError, match="W has shape"):
        inspect.rotation_scaling_rotation([1.0, 2.0])
    with pytest.raises(ShapeError, match="points of shape"):
        inspect.layer_stages(nn.Linear(2, 2), None, np.zeros((5, 3)))
    with pytest.raises(ArgumentError, match="not for Conv2d"):
        inspect.network_stages(nn.Sequential(nn.Conv2d(1, 1, 3)), np.zeros((5, 2)))
    with pytest.raises(ArgumentError, match="no linear layer"):
        inspect.chain(nn.Sequential())
    with pytest.raises(ArgumentError, match="rounds"):
        inspect.untangle(models.MLP([2, 2]), None, data.rings(10), rounds=0)
    with pytest.raises(ArgumentError, match="nothing to draw"):
        draw.point_panels([])
    with pytest.raises(ArgumentError, match="no polygons"):
        draw.plane_panel(draw.new_figure(2, 2).add_subplot(), [], [], "nothing")
    with pytest.raises(ArgumentError, match="nothing to draw"):
        draw.neurons({}, {}, {}, np.zeros((2, 2)), "nothing")
