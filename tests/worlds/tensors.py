"""Tensors, layers, optimizers."""

from __future__ import annotations

import operator
import types
from collections.abc import Callable
from typing import Any

import numpy as np

import gradus
from gradus import nn

from .world import Net, World, changed, refused, way


@way
def a_tensor_replaced_in_a_list() -> World:
    tensors = [gradus.tensor([1.0]), gradus.tensor([2.0])]
    return World(lambda x: x * tensors[0] + tensors[1], lambda: tensors.__setitem__(0, gradus.tensor([5.0])))


@way
def a_tensor_appended_to_a_list() -> World:
    tensors = [gradus.tensor([1.0])]
    return World(lambda x: x * sum(tensors), lambda: tensors.append(gradus.tensor([5.0])))


@way
def a_tensors_data_replaced() -> World:
    t = gradus.tensor([1.0])
    return World(lambda x: x * t, lambda: setattr(t, "data", np.array([2.0], np.float32)))


@way
def a_tensors_shape_alone() -> World:
    t = gradus.ones((2, 2))
    return World(lambda x: x * t.shape[0], lambda: setattr(t, "data", np.ones((4, 4), np.float32)))


@way
def a_tensors_number_looked_at() -> World:
    t = gradus.tensor([2.0])
    return World(lambda x: x * float(t), lambda: t.assign_([3.0]))


@way
def a_tensors_number_shown() -> World:
    t = gradus.tensor([2.0])
    return World(lambda x: x * len(f"{[t]}"), lambda: t.assign_([3.25]))


@way
def an_attribute_that_a_tensor_had_not() -> World:
    class Scaled(gradus.Tensor):
        scale = 2.0

    t = Scaled(np.ones(3, np.float32))
    return World(lambda x: x * t * t.scale, changed(t, "scale", 3.0))


@way
def an_attribute_of_a_tensors_class() -> World:
    class Scaled(gradus.Tensor):
        scale = 2.0

    t = Scaled(np.ones(3, np.float32))
    return World(lambda x: x * t * t.scale, changed(Scaled, "scale", 3.0))


@way
def a_tensors_number_changed_behind_it() -> World:
    t = gradus.tensor([2.0])
    return World(lambda x: x * float(t), lambda: t.numpy().fill(3.0))


@way
def a_layer_replaced() -> World:
    net = nn.Sequential(nn.Identity(), nn.ReLU())
    return World(lambda x: net(x - 2), lambda: net.__setitem__(1, nn.Tanh()))


@way
def a_layer_appended() -> World:
    net = nn.Sequential(nn.Identity(), nn.ReLU())
    return World(lambda x: net(x), lambda: net.append(nn.Tanh()))


@way
def evaluation_mode() -> World:
    net = nn.Sequential(nn.BatchNorm1d(3))
    return World(lambda x: net(x.reshape(1, 3).broadcast_to((2, 3)) * gradus.tensor([[1.0], [2.0]])), net.eval)


@way
def the_mode_of_one_part() -> World:
    net = nn.Sequential(nn.BatchNorm1d(3))
    return World(lambda x: net(x.reshape(1, 3).broadcast_to((2, 3)) * gradus.tensor([[1.0], [2.0]])), net[0].eval)


@way
def a_parameter_frozen() -> World:
    w = nn.Parameter(np.ones(3, np.float32))

    def f(x: Any) -> Any:
        y = x * w
        return y * 2 if y.requires_grad else y * 3

    return World(f, lambda: w.requires_grad_(False))


def _trained(net: nn.Module, optimizer: Any) -> Callable[[Any], Any]:
    def step(x: Any) -> Any:
        optimizer.zero_grad()
        loss = (net(x) ** 2).sum()
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


@way
def a_learning_rate() -> World:
    net = Net(lambda self, x: x * self.w)
    o = gradus.optim.SGD(net.parameters(), lr=0.1)
    return World(_trained(net, o), changed(o, "lr", 0.01), lambda: net.w.tolist())


@way
def a_momentum() -> World:
    net = Net(lambda self, x: x * self.w)
    o = gradus.optim.SGD(net.parameters(), lr=0.01, momentum=0.5)
    return World(_trained(net, o), changed(o, "momentum", 0.9), lambda: net.w.tolist())


@way
def a_schedule_for_a_number() -> World:
    net = Net(lambda self, x: x * self.w)
    o = gradus.optim.SGD(net.parameters(), lr=0.1)
    return World(_trained(net, o), changed(o, "lr", lambda t: 0.1 / (t + 1)), lambda: net.w.tolist())


@way
def a_schedules_own_number() -> World:
    net = Net(lambda self, x: x * self.w)
    rate = types.SimpleNamespace(first=0.1)
    o = gradus.optim.SGD(net.parameters(), lr=lambda t: rate.first / (t + 1))
    return World(_trained(net, o), changed(rate, "first", 0.01), lambda: net.w.tolist())


@way
def a_gradients_hook() -> World:
    net = Net(lambda self, x: x * self.w)
    o = gradus.optim.SGD(net.parameters(), lr=0.1)
    return World(_trained(net, o), lambda: net.w.register_hook(lambda g: g * 2), lambda: net.w.tolist())


@way
def a_gradients_hook_for_one_call() -> World:
    w, by = nn.Parameter([1.0, 2.0, 3.0]), [2.0]

    def f(x: Any) -> Any:
        w.grad = None
        remove = w.register_hook(lambda g: g * by[0])
        (w * x).sum().backward()
        remove()
        return w.grad

    return World(f, lambda: by.__setitem__(0, 3.0), lambda: w.hooks)


@way
def a_forward_hook() -> World:
    net = nn.Sequential(nn.Identity())
    return World(lambda x: net(x), lambda: net[0].register_forward_hook(lambda m, i, o: o * 2))


@way
def a_seed() -> World:
    gradus.seed(1)
    return World(lambda x: x + gradus.rand(3), lambda: gradus.seed(1))


@way
def an_array_that_the_program_reads_and_numpy_too() -> World:
    a = np.ones(3, np.float32)
    return World(lambda x: x * gradus.as_tensor(a) / a.sum(), lambda: a.__setitem__(0, 7))


@way
def an_array_on_a_module_that_numpy_uses_too() -> World:
    net = Net(lambda self, x: x * self.scale / float(self.scale.max()), scale=np.ones(3, np.float32))
    return World(lambda x: net(x), lambda: net.scale.__setitem__(0, 7))


@way
def one_of_several_arrays_that_numpy_uses_too() -> World:
    arrays = {name: np.ones(3, np.float32) for name in "abcde"}

    def f(x: Any) -> Any:
        for a in arrays.values():
            x = x * gradus.as_tensor(a)
        return x / arrays["d"].sum()

    return World(f, lambda: arrays["d"].__setitem__(0, 7))


@way
def the_data_of_a_tensor_that_the_program_reads() -> World:
    t = gradus.tensor([1.0, 2.0, 3.0])
    return World(lambda x: x * t / float(np.abs(t.data).max()), lambda: t.assign_([5.0, 6.0, 7.0]))


@way
def the_data_of_a_weight() -> World:
    net = Net(lambda self, x: x * self.w / float(self.w.data.sum()))
    return World(lambda x: net(x), lambda: net.w.assign_([5.0, 6.0, 7.0]))


@way
def the_shape_of_the_data_of_a_weight_that_is_trained() -> World:
    net = Net(lambda self, x: x * self.w / self.w.data.shape[0])
    return World(_trained(net, gradus.optim.Adam([net.w], lr=0.1)), seen=lambda: net.w.tolist())


@refused
def the_data_of_a_weight_that_is_trained() -> World:
    net = Net(lambda self, x: x * self.w / float(self.w.data.sum()))
    step = _trained(net, gradus.optim.SGD([net.w], lr=0.1))
    return World(step, seen=lambda: net.w.tolist())


@refused
def a_number_that_is_looked_at_and_written() -> World:
    steps = gradus.tensor(1.0)

    def f(x: Any) -> Any:
        y = x * min(float(steps), 3.0)
        steps.assign_(steps + 1)
        return y

    return World(f, seen=steps.item)


@refused
def a_number_that_is_written_though_it_looks_the_same() -> World:
    steps = gradus.tensor(5.0)

    def f(x: Any) -> Any:
        y = x * 2 if steps > 3 else x
        steps.assign_(steps + 1)
        return y

    return World(f, seen=steps.item)


@refused
def the_smallest_weight_so_far() -> World:
    def forward(self: Any, x: Any) -> Any:
        self.smallest = min(self.smallest, float(self.w.data.min()))
        return x * self.w

    net = Net(forward, smallest=9.0)
    step = _trained(net, gradus.optim.SGD([net.w], lr=0.1))
    return World(step, seen=lambda: net.smallest)


@way
def the_largest_number_of_a_tensor() -> World:
    t = gradus.tensor([1.0, 2.0, 3.0])
    net = Net(lambda self, x: setattr(self, "largest", float(t.data.max())) or x * t, largest=0.0)
    return World(lambda x: net(x), lambda: t.assign_([5.0, 6.0, 7.0]), seen=lambda: net.largest)


@way
def the_largest_number_of_a_tensor_by_a_name_in_a_string() -> World:
    t = gradus.tensor([1.0, 2.0, 3.0])
    return World(lambda x: x * t * float(getattr(t, "data").max()), lambda: t.assign_([5.0, 6.0, 7.0]))  # noqa: B009


@way
def the_largest_number_of_a_tensor_by_a_reader() -> World:
    t, data = gradus.tensor([1.0, 2.0, 3.0]), operator.attrgetter("data")
    return World(lambda x: x * t * float(data(t).max()), lambda: t.assign_([5.0, 6.0, 7.0]))


@way
def the_largest_number_of_a_tensor_that_nothing_else_reads() -> World:
    t = gradus.tensor([1.0, 2.0, 3.0])
    return World(lambda x: x * float(t.data.max()), lambda: t.assign_([5.0, 6.0, 7.0]))


@way
def a_question_about_the_numbers_of_a_tensor() -> World:
    t = gradus.tensor([1.0, 2.0, 3.0])
    return World(lambda x: x * t if t.data.max() < 50 else -x, lambda: t.assign_([5.0, 60.0, 7.0]))
