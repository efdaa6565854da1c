"""What a user may hand over by mistake: every wrong argument is an explained error, none passes for a right one."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import gradus
from gradus import nn, optim
from gradus.data import DataLoader, TableTransform, TensorDataset, random_split, read_csv, read_image
from gradus.errors import ArgumentError, DataError
from gradus.nn import functional as F
from gradus.train import EarlyStopping, Trainer

DATA = TensorDataset(np.zeros((4, 2), np.float32), np.zeros((4, 1), np.float32))


def trainer(**options):
    model = nn.Linear(2, 1)
    return Trainer(model, "mse", optim.SGD(model.parameters(), lr=0.1), compile=False, **options)


@pytest.mark.parametrize("wrong", ["2", 1.5, 0, None])
def test_epochs_and_batch_sizes_are_counts(wrong):
    for name in ("epochs", "batch_size"):
        with pytest.raises(ArgumentError, match=f"{name} must be an integer of 1 or more, got {wrong!r}"):
            trainer().fit(DATA, progress=False, **{name: wrong})


@pytest.mark.parametrize("option", [{"batch_size": "2"}, {"prefetch": "2"}, {"prefetch": -1}, {"seed": "0"}])
def test_a_loader_refuses_text_for_numbers(option):
    with pytest.raises(ArgumentError, match="integer"):
        DataLoader(DATA, **option)


@pytest.mark.parametrize("kind", ["SGD", "Adagrad", "RMSprop", "Adam", "AdamW"])
@pytest.mark.parametrize("lr", ["0.1", -0.1, None, float("nan")])
def test_a_learning_rate_is_a_number_from_0_on(kind, lr):
    with pytest.raises(ArgumentError, match=rf"{kind}: lr must be in \[0, inf\)"):
        getattr(optim, kind)(nn.Linear(2, 1).parameters(), lr=lr)


@pytest.mark.parametrize("clip_norm", [-1, 0, "1", float("nan")])
def test_gradients_are_not_clipped_to_nothing(clip_norm):
    with pytest.raises(ArgumentError, match=r"clip_norm must be in \(0, inf\]"):
        trainer(clip_norm=clip_norm)


@pytest.mark.parametrize("state", [None, "model.safetensors", [("weight", 1)]])
def test_a_state_is_tensors_by_name(state):
    model = nn.Linear(2, 1)
    for owner in (model, optim.Adam(model.parameters())):
        with pytest.raises(ArgumentError, match=r"load_state_dict: expects tensors by name.*gradus\.load"):
            owner.load_state_dict(state)


def test_padding_in_words():
    for make in (
        lambda: nn.Conv2d(1, 1, 3, padding="smae"),
        lambda: F.conv1d(np.ones((1, 1, 3)), np.ones((1, 1, 3)), padding="smae"),
    ):
        with pytest.raises(ArgumentError, match="Did you mean 'same'"):
            make()


@pytest.mark.parametrize("kind", [nn.Conv1d, nn.Conv2d, nn.ConvTranspose2d])
@pytest.mark.parametrize("sizes", [{"stride": 0}, {"padding": -1}, {"dilation": "2"}, {"padding": (1, 1, 1)}])
def test_a_convolution_refuses_its_sizes_when_it_is_made(kind, sizes):
    with pytest.raises(ArgumentError, match=next(iter(sizes))):
        kind(1, 1, 3, **sizes)


@pytest.mark.parametrize("size", [0, -1, "8", (8, 0), (8, 8, 8), 1.5])
def test_a_picture_is_scaled_to_a_size(size, tmp_path):
    Image.new("L", (4, 4)).save(tmp_path / "grey.png")
    with pytest.raises(ArgumentError, match="read_image: size is an integer of 1 or more"):
        read_image(tmp_path / "grey.png", size=size)


@pytest.mark.parametrize("delimiter", ["::", "", 1, "\n", '"'])
def test_values_in_a_table_lie_between_single_characters(delimiter, tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ArgumentError, match="the delimiter is one character"):
        read_csv(tmp_path / "a.csv", delimiter=delimiter)


def test_categories_are_counted():
    with pytest.raises(ArgumentError, match="max_categories must be an integer"):
        TableTransform(max_categories="7")


def test_what_overflows_a_narrow_type_becomes_infinite_without_a_warning():
    for value in (1e6, [1e6], np.array([1e6], np.float32), gradus.tensor([1e6])):
        narrow = gradus.zeros((1,), "float16")
        assert narrow.assign_(value).tolist() == [float("inf")]
    assert gradus.tensor([1e6], "float16").tolist() == [float("inf")]
    layer = nn.Linear(1, 1)
    layer.weight.assign_([[1e6]])
    assert layer.astype("float16").weight.tolist() == [[float("inf")]]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"callbacks": EarlyStopping()}, r"in a list: callbacks=\[\.\.\.\]"),
        ({"callbacks": None}, "in a list"),
        ({"callbacks": ["early"]}, "'early', which is no Callback"),
        ({"run": 5}, "run is the folder to write into, a path, got 5"),
        ({"seed": "1"}, "seed is an integer"),
    ],
)
def test_what_fit_is_given(options, said):
    with pytest.raises(ArgumentError, match=said):
        trainer().fit(DATA, progress=False, **options)


@pytest.mark.parametrize("data", [None, 5, "digits"])
def test_what_is_no_data_set(data):
    for use in (lambda: trainer().fit(data), lambda: trainer().predict(data), lambda: DataLoader(data)):
        with pytest.raises(DataError, match="data set"):
            use()


def test_what_a_trainer_is_made_of():
    model = nn.Linear(2, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    for given, said in {
        (None, "mse"): "the model is None. Write it as a Module",
        (nn.Linear, "mse"): r"the model is the class Linear. Make one: Linear\(\.\.\.\)",
        (model, 5): "there is no loss 5",
        (model, "mse", 5): "a metric is a name or a function",
        (model, "mse", (5,)): "a metric is a name or a function",
    }.items():
        with pytest.raises(ArgumentError, match=said):
            Trainer(*given[:2], optimizer, *given[2:])


@pytest.mark.parametrize("lengths", [0.8, "ab", None])
def test_a_split_is_into_several(lengths):
    with pytest.raises(ArgumentError, match="the lengths are several numbers"):
        random_split(DATA, lengths)


def test_patience_is_counted_in_epochs():
    with pytest.raises(ArgumentError, match="patience must be an integer of 1 or more"):
        EarlyStopping(patience="3")
