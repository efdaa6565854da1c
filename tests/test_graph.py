"""Computation graphs: the textbook's shop to the last figure, walks node by node, expressions as text, the picture."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner

import gradus
from gradus import draw, inspect
from gradus.cli import main
from gradus.errors import ArgumentError, GradientError, ShapeError
from gradus.models import MLP
from gradus.nn import functional as F

SHOP = "(apples * apple_price + oranges * orange_price) * tax"
PRICES = {"apples": 2, "apple_price": 100, "oranges": 3, "orange_price": 150, "tax": 1.1}


def shop():
    found = inspect.expression(SHOP, PRICES)
    return inspect.graph(found.result, found.variables)


def node(graph, name):
    return next(n for n in graph.nodes if n.name == name)


# -- the textbook's example --------------------------------------------------------------------------------------------


def test_two_apples_and_three_oranges_cost_715():
    assert float(shop().nodes[-1].value) == pytest.approx(715, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "gradient"),
    [("apple_price", 2.2), ("apples", 110), ("orange_price", 3.3), ("oranges", 165), ("tax", 650)],
)
def test_the_gradients_of_the_shop(name, gradient):
    assert float(node(shop(), name).gradient) == pytest.approx(gradient, abs=1e-9)


def test_every_edge_carries_its_gradient():
    graph = shop()
    passed = {(graph.nodes[e.source].name, graph.nodes[e.target].name): float(e.gradient) for e in graph.edges}
    assert passed == pytest.approx(
        {
            ("apples", "multiply 1"): 110,
            ("apple_price", "multiply 1"): 2.2,
            ("oranges", "multiply 2"): 165,
            ("orange_price", "multiply 2"): 3.3,
            ("multiply 1", "add"): 1.1,
            ("multiply 2", "add"): 1.1,
            ("add", "multiply 3"): 1.1,
            ("tax", "multiply 3"): 650,
        }
    )


def test_forward_one_node_at_a_time():
    walk = list(shop().forward())
    assert [shop().nodes[s.node].name for s in walk][-3:] == ["add", "tax", "multiply 3"]
    assert walk[6].text == "add gets multiply 1 200, multiply 2 450 and passes on 650"
    done = set()
    for step in walk:  # nothing is computed before what it is computed from
        assert {e.source for e in shop().edges if e.target == step.node} <= done
        done.add(step.node)
    assert len(done) == len(shop().nodes)


def test_backward_one_node_at_a_time():
    walk = list(shop().backward())
    assert walk[0].text == "multiply 3 has the gradient 1 and hands back 1 x 1.1 = 1.1 to add, 1 x 650 = 650 to tax"
    assert walk[-1].text == "apples has the gradient 110"
    assert sorted(k for step in walk for k in step.edges) == list(range(len(shop().edges)))


# -- any expression ----------------------------------------------------------------------------------------------------


def test_a_value_used_twice_gathers_both_gradients():
    x = gradus.tensor(3.0, "float64", requires_grad=True)
    graph = inspect.graph(x * x + x, {"x": x})
    of_x = [float(e.gradient) for e in graph.edges if graph.nodes[e.source].name == "x"]
    assert sorted(of_x) == [1, 3, 3]
    assert float(node(graph, "x").gradient) == 7
    assert x.grad is None


def test_a_networks_graph_has_the_gradients_of_backward():
    gradus.seed(0)
    model = MLP([4, 5, 3], gradus.nn.Tanh, batch_norm=True)
    parameters = dict(model.named_parameters())
    loss = F.cross_entropy(model(gradus.randn(6, 4)), gradus.tensor([0, 1, 2, 2, 1, 0]))
    graph = inspect.graph(loss, parameters)
    loss.backward()
    for name, p in parameters.items():
        np.testing.assert_allclose(node(graph, name).gradient, p.grad.numpy(), rtol=1e-5, atol=1e-7)
    for i, n in enumerate(graph.nodes[:-1]):
        back = [e.gradient for e in graph.edges if e.source == i and e.gradient is not None]
        assert (n.gradient is None) == (not back)
        if back:
            np.testing.assert_allclose(n.gradient, sum(back), rtol=1e-5, atol=1e-7)
    assert len(draw.graph(graph.drawing()).axes[0].texts) > len(graph.nodes)


def test_numbers_are_written_shortly():
    written = inspect.written
    assert [written(np.array(v)) for v in (-0.0, 715.0000001, [0.5, 2])] == ["0", "715", "[0.5, 2]"]
    assert written(np.ones((3, 3))) == "(3, 3), length 3"


def test_the_graph_is_a_picture_of_now():
    x = gradus.tensor([1.0, 2.0], requires_grad=True)
    graph = inspect.graph((x * 3).sum(), {"x": x})
    x.assign_([7.0, 7.0])
    assert node(graph, "x").value.tolist() == [1, 2]


def test_a_chain_of_thousands_is_no_recursion():
    y = gradus.tensor(1.0, requires_grad=True)
    for _ in range(1200):
        y = y + 1
    graph = inspect.graph(y)
    assert float(graph.nodes[0].gradient) == 1
    with pytest.raises(ArgumentError, match="2402 nodes are too many"):
        draw.graph(graph.drawing())


def test_what_has_no_graph_is_refused():
    with pytest.raises(GradientError, match="requires_grad=True"):
        inspect.graph(gradus.tensor(1.0))
    x = gradus.tensor(2.0, requires_grad=True)
    with pytest.raises(ArgumentError, match="labelled 'other'"):
        inspect.graph(x * 2, {"other": gradus.tensor(1.0)})
    with pytest.raises(ShapeError, match=r"shape \(2,\)"):
        inspect.graph(x * 2, gradient=gradus.ones(2))
    y = x * x
    x.assign_(5.0)
    with pytest.raises(GradientError, match="overwritten"):
        inspect.graph(y)


# -- expressions as text -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value", "gradient"),
    [
        ("x ** 2", 9, 6),
        ("-x ** 2 + 1", -8, -6),
        ("1 / x", 1 / 3, -1 / 9),
        ("x ** -2", 1 / 9, -2 / 27),
        ("exp(-x) * log(x)", np.exp(-3) * np.log(3), np.exp(-3) * (1 / 3 - np.log(3))),
        ("maximum(x, 1e0) - +minimum(x, 7)", 0, 0),
        ("sigmoid(tanh(0 * x))", 0.5, 0),
    ],
)
def test_expressions_are_computed_and_differentiated(text, value, gradient):
    found = inspect.expression(text, {"x": 3})
    found.result.backward()
    assert found.result.item() == pytest.approx(value)
    assert found.variables["x"].grad.item() == pytest.approx(gradient, abs=1e-12)


def test_a_number_has_a_gradient_but_an_exponent_has_none():
    graph = inspect.graph(inspect.expression("2 * (0 - 3) ** 2", {}).result)
    assert float(graph.nodes[0].gradient) == 9
    assert [n.gradient for n in graph.nodes if n.name == "2"][-1] is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is none"),
        ("2 +", "is none"),
        ("apple * 2", "apple has no value"),
        ("sinus(x)", "no function 'sinus'. Did you mean"),
        ("maximum(x)", "takes 2 numbers, got 1"),
        ("exp(x, base=2)", "cannot stand in it"),
        ("__import__('os').system('true') * x", "cannot stand in it"),
        ("x.data", "cannot stand in it"),
        ("[x]", "cannot stand in it"),
        ("'a' * x", "cannot stand in it"),
        ("True * x", "cannot stand in it"),
        ("x // 2", "cannot stand in it"),
        ("x if x else 2", "cannot stand in it"),
        ("(lambda: x)()", "cannot stand in it"),
        ("x * 1" + "0" * 400, "beyond those of float64"),
        ("+".join(["x"] * 500), "more than 100"),
        ("(" * 5000 + "x" + ")" * 5000, "is none"),
        ("x\0", "is none"),
    ],
)
def test_what_is_no_expression_is_refused(text, said):
    with pytest.raises(ArgumentError, match=said.replace("(", r"\(")):
        inspect.expression(text, {"x": 3} if "x" in text else {})


def test_a_value_without_use_is_refused():
    with pytest.raises(ArgumentError, match="banana has a value"):
        inspect.expression("2 * apple", {"apple": 1, "banana": 2})


# -- drawing -----------------------------------------------------------------------------------------------------------


def test_the_drawing_goes_as_far_as_the_walks():
    graph = shop()
    nothing = graph.drawing(forward=0, backward=0)
    assert set(nothing.above) | set(nothing.below) == {""}
    half = graph.drawing(forward=3, backward=0)
    assert [text for text in half.above if text] == ["2", "100", "200"]
    whole = graph.drawing(result="to pay")
    assert whole.names[-1] == "to pay"
    assert (whole.above[-1], whole.below[-1]) == ("715", "1")
    assert sorted(whole.below[:-1]) == sorted(["110", "2.2", "165", "3.3", "1.1", "1.1", "1.1", "650"])


def test_columns_and_rows():
    layout = draw.layered(6, [(0, 2), (1, 2), (2, 4), (3, 4), (4, 5), (0, 5)])
    x, y = layout.places.T
    assert x.tolist() == [0, 0, 1, 1, 2, 3]  # right before its first use
    for column in set(x.tolist()):
        gaps = np.diff(np.sort(y[x == column]))
        assert (gaps >= 1 - 1e-9).all()
    assert [len(route) for route in layout.routes] == [2, 2, 2, 2, 2, 4]  # the long edge goes through two columns
    assert layout.routes[5][0].tolist() == layout.places[0].tolist()


def test_an_edge_that_goes_past_a_given_value_does_not_cross_its_edge():
    """exp(-(x * w + b)) * x: x goes below b, which is used at once."""
    layout = draw.layered(8, [(0, 2), (1, 2), (2, 4), (3, 4), (4, 5), (5, 6), (6, 7), (0, 7)])
    past_b = layout.routes[-1][1]
    assert past_b[0] == layout.places[3][0]
    assert past_b[1] < layout.places[3][1]


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ArgumentError, match="must lead on"):
        draw.layered(2, [(1, 0)])
    with pytest.raises(ArgumentError, match="1 edges have 2 texts"):
        draw.graph(draw.Drawing(["a", "b"], [(0, 1)], ["1", "2"], ["1"]))


def test_every_edge_lies_within_the_picture():
    found = inspect.expression("exp(-(x * w + b)) * x", {"x": 2, "w": 0.5, "b": -1})
    drawing = inspect.graph(found.result, found.variables).drawing()
    axes = draw.graph(drawing).axes[0]
    routes = np.concatenate(draw.layered(len(drawing.names), drawing.edges).routes)
    low, high = axes.get_ylim()
    assert high - low >= 0.9 * (np.ptp(routes[:, 1]) + 1) - 1e-6
    assert draw.graph_size(drawing)[1] == pytest.approx(high - low)


def test_texts_of_the_shop_do_not_overlap():
    figure = draw.graph(shop().drawing(result="to pay"))
    figure.draw_without_rendering()
    boxes = [t.get_window_extent() for t in figure.axes[0].texts if t.get_text()]
    for i, a in enumerate(boxes):
        for b in boxes[i + 1 :]:
            width = min(a.x1, b.x1) - max(a.x0, b.x0)
            height = min(a.y1, b.y1) - max(a.y0, b.y0)
            assert not (width > 2 and height > 4)


# -- the command -------------------------------------------------------------------------------------------------------


def test_look_graph(tmp_path):
    words = ["look", "graph", "(2 * apple + 3 * orange) * tax", "--let", "apple=100", "--let", "orange=150"]
    result = CliRunner().invoke(main, [*words, "--let", "tax=1.1", "--out", str(tmp_path / "deep" / "shop.png")])
    assert result.exit_code == 0, result.output
    for line in ("passes on 715", "tax has the gradient 650", "2 has the gradient 110", "orange has the gradient 3.3"):
        assert line in result.output
    assert (tmp_path / "deep" / "shop.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("words", "said"),
    [(["x", "--let", "x"], "NAME=NUMBER"), (["x", "--let", "x=a"], "NAME=NUMBER"), (["y"], "no value")],
)
def test_look_graph_refuses(words, said):
    result = CliRunner().invoke(main, ["look", "graph", *words])
    assert result.exit_code == 2
    assert said in result.output
    assert "Traceback" not in result.output
