"""Batches read by threads and processes, samples that come one after the other, random numbers of a sample."""

from __future__ import annotations

import copy
import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from itertools import count, islice

import numpy as np
import pytest

import gradus
from gradus.data import DataLoader, IterableDataset, Subset, TensorDataset, sample_generator, workers
from gradus.errors import ArgumentError, DataError, OptionError

multiprocessing.set_forkserver_preload(["numpy", "ml_dtypes", "pytest"])  # so that a process begins sooner
WAYS = [{}, {"prefetch": 1}, {"num_workers": 1}, {"num_workers": 4}, {"num_workers": 3, "prefetch": 9}]


class Uneven:
    """Samples that take longer or shorter to read, and have random numbers."""

    def __init__(self, n=23):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        time.sleep(0.002 * (i % 3))
        rng = sample_generator()
        noise = [*rng.normal(size=1), gradus.rand(1).item()]
        return {"i": i, "noise": np.array(noise), "more": sample_generator().integers(1000) + gradus.randint(0, 9, ())}


class Broken(Uneven):
    def __getitem__(self, i):
        if i == 4:
            raise OSError("the disk is gone")
        return i


class Globals(Uneven):
    """Draws from NumPy's and Python's own numbers, as data sets written for PyTorch do."""

    def __getitem__(self, i):
        import random

        return i, np.random.rand(), random.random(), os.getpid()


def fail(number):
    raise RuntimeError(f"no worker {number}")


def plain(batches):
    return [{key: part.tolist() for key, part in batch.items()} for batch in batches]


def readers():
    return [t for t in threading.enumerate() if t.name.startswith("gradus-loader")]


@pytest.mark.parametrize("options", WAYS)
def test_the_batches_are_the_same_however_they_are_read(options):
    expected = DataLoader(Uneven(), 5, shuffle=True, seed=2)
    loader = DataLoader(Uneven(), 5, shuffle=True, seed=2, **options)
    for epoch in (0, 1):
        whole = plain(expected.batches(epoch))
        assert plain(loader.batches(epoch)) == whole
        assert plain(loader.batches(epoch, 3)) == whole[3:]
    assert not readers()


def test_random_numbers_of_a_sample_depend_on_seed_epoch_and_place():
    def noise(seed, epoch):
        (batch,) = DataLoader(Subset(Uneven(), [3, 3, 1]), 3, seed=seed).batches(epoch)
        return batch["noise"].numpy()

    one = noise(0, 0)
    assert len(np.unique(one)) == 6  # the same sample twice has other numbers
    assert (one == noise(0, 0)).all() and not (one == noise(0, 1)).any() and not (one == noise(1, 0)).any()


def test_outside_of_a_loader_random_numbers_start_from_the_seed():
    def drawn():
        return sample_generator().random()

    gradus.seed(4)
    first, second = drawn(), drawn()
    gradus.seed(4)
    assert drawn() == first != second


def test_reading_leaves_the_default_generator_alone():
    gradus.seed(5)
    expected = gradus.rand(2).tolist()
    gradus.seed(5)
    list(DataLoader(Uneven(4), 2, num_workers=2))
    list(DataLoader(Uneven(4), 2))
    assert gradus.rand(2).tolist() == expected


class Shaken(TensorDataset):
    def __getitem__(self, index):
        (x,) = super().__getitem__(index)
        return (x + sample_generator().normal(size=np.shape(x)),)


def test_items_of_arrays_have_random_numbers_too():
    shaken = [
        [x.tolist() for (x,) in DataLoader(Shaken(np.zeros(6)), 3, **options).batches(1)] for options in WAYS[:4]
    ]
    assert shaken[0] == shaken[1] == shaken[2] == shaken[3]


# -- threads -----------------------------------------------------------------------------------------------------------


def test_threads_read_at_the_same_time():
    together = threading.Barrier(3, timeout=20)

    class Waits(Uneven):
        def __getitem__(self, i):
            together.wait()  # goes on only when three samples are being read
            return i

    assert [b.tolist() for b in DataLoader(Waits(6), 1, num_workers=3)] == [[i] for i in range(6)]


def test_leaving_early_ends_the_threads_within_a_sample():
    read = []

    class Slow(Uneven):
        def __getitem__(self, i):
            read.append(i)
            time.sleep(0.02)
            return i

    for batch in DataLoader(Slow(1000), 20, num_workers=2):
        assert len(batch) == 20
        break
    assert not readers() and len(read) < 46


def test_each_worker_begins_once():
    numbers = []
    loader = DataLoader(Uneven(), 2, num_workers=3, worker_init_fn=numbers.append)
    list(loader)
    assert set(numbers) <= {0, 1, 2} and len(numbers) == len(set(numbers)) > 0
    failing = DataLoader(Uneven(), 2, num_workers=1, worker_init_fn=lambda number: 1 / number)
    with pytest.raises(DataError, match="worker_init_fn failed: ZeroDivisionError") as error:
        list(failing)
    assert isinstance(error.value.__cause__, ZeroDivisionError)


def test_a_batch_that_does_not_come():
    done = threading.Event()

    class Hangs(Uneven):
        def __getitem__(self, i):
            done.wait(20)
            return i

    with pytest.raises(DataError, match=r"no batch came for 0\.05 seconds, the timeout"):
        next(iter(DataLoader(Hangs(), num_workers=1, timeout=0.05)))
    done.set()


def test_a_data_sets_own_timeout_is_its_own():
    class Late(Uneven):
        def __getitem__(self, i):
            raise TimeoutError("the server is silent")

    with pytest.raises(DataError, match="sample 0 of Late could not be read: TimeoutError: the server is silent"):
        next(iter(DataLoader(Late(), num_workers=1, timeout=5)))


CTRL_C = """
import os, signal, threading, time
from gradus.data import DataLoader

read = []

class Slow:
    def __len__(self):
        return 100
    def __getitem__(self, i):
        if i == 8:
            os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01 if i < 8 else 0.2)
        read.append(i)
        return i

try:
    for batch in DataLoader(Slow(), 50, num_workers=2):
        pass
except KeyboardInterrupt:
    print("interrupted", [t.name for t in threading.enumerate() if t.name.startswith("gradus")], len(read) < 50)
"""


def test_ctrl_c_ends_the_threads():
    """At the sample that each reads, not at the end of its batch of 50."""
    run = subprocess.run([sys.executable, "-c", CTRL_C], capture_output=True, text=True, timeout=60, env=surroundings())
    assert run.stdout == "interrupted [] True\n", run.stderr


def surroundings():
    return os.environ | {"PYTHONPATH": os.path.dirname(os.path.dirname(gradus.__file__))}


# -- processes ---------------------------------------------------------------------------------------------------------


def test_processes_read_the_same_batches():
    expected = plain(DataLoader(Uneven(7), 2, shuffle=True))
    loader = DataLoader(Uneven(7), 2, shuffle=True, num_workers=2, multiprocessing_context="forkserver")
    assert plain(loader) == expected
    assert not multiprocessing.active_children()


def test_processes_start_global_random_numbers_for_each_sample_and_may_stay():
    loader = DataLoader(Globals(6), 2, num_workers=2, multiprocessing_context="forkserver", persistent_workers=True)
    runs = [[[part.tolist() for part in batch] for batch in loader.batches(epoch)] for epoch in (0, 0, 1)]
    drawn = [[batch[:3] for batch in run] for run in runs]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len({number for batch in drawn[0] for number in batch[1]}) == 6
    workers = [{pid for batch in run for pid in batch[3]} for run in runs]
    assert os.getpid() not in workers[0] and len(set().union(*workers)) <= 2
    other = copy.deepcopy(loader)
    children = multiprocessing.active_children()
    assert other._kept is None and len(children) in (1, 2)
    del loader
    gc.collect()
    for child in children:
        child.join(20)
    assert not multiprocessing.active_children()


def test_what_goes_wrong_in_a_process_is_told_here():
    options = {"num_workers": 1, "multiprocessing_context": "forkserver"}
    with pytest.raises(DataError, match="sample 4 of Broken could not be read: OSError: the disk is gone") as error:
        list(DataLoader(Broken(), 3, **options))
    assert 'raise OSError("the disk is gone")' in str(error.value.__cause__)
    with pytest.raises(DataError, match="worker_init_fn failed: RuntimeError: no worker 0"):
        list(DataLoader(Uneven(), worker_init_fn=fail, **options))


def test_ctrl_c_while_processes_begin_comes_afterwards():
    done = []
    with pytest.raises(KeyboardInterrupt), workers._without_ctrl_c():
        signal.raise_signal(signal.SIGINT)
        done.append(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ()))
    assert done == [True] and signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


class Kills(Uneven):
    def __getitem__(self, i):
        os._exit(3)


def test_a_process_that_ends_and_one_that_cannot_begin():
    options = {"num_workers": 1, "multiprocessing_context": multiprocessing.get_context("forkserver")}
    with pytest.raises(DataError, match=r"a process that read ended.*__main__"):
        list(DataLoader(Kills(), 3, **options))

    class Local(Uneven):
        pass

    with pytest.raises(ArgumentError, match=r"these cannot be sent.*at the top of a file"):
        list(DataLoader(Local(), 3, **options))
    assert not multiprocessing.active_children()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"num_workers": -1}, ArgumentError, "num_workers must be an integer of 0 or more"),
        ({"num_workers": 1.5}, ArgumentError, "num_workers"),
        ({"timeout": -1}, ArgumentError, "timeout must be in"),
        ({"worker_init_fn": 3}, ArgumentError, "worker_init_fn must be a function"),
        ({"multiprocessing_context": "fork"}, ArgumentError, "multiprocessing_context needs num_workers="),
        ({"multiprocessing_context": "thread", "num_workers": 1}, ArgumentError, "unknown multiprocessing_context"),
        ({"prefetch_factor": 4}, OptionError, "Write instead: prefetch="),
        ({"num_worker": 4}, OptionError, "Did you mean 'num_workers'"),
        ({"batch_size": None}, ArgumentError, "batch_size must be an integer of 1 or more, got None"),
    ],
)
def test_options_that_make_no_sense(options, error, message):
    with pytest.raises(error, match=message):
        DataLoader(Uneven(), **options)


def test_options_of_pytorch_that_change_nothing():
    changes_nothing = {"pin_memory": True, "pin_memory_device": "", "prefetch_factor": 2, "in_order": True}
    loader = DataLoader(Uneven(3), 3, shuffle=None, persistent_workers=True, **changes_nothing)
    assert plain(loader)[0]["i"] == [0, 1, 2] and loader.shuffle is False


# -- samples one after the other ---------------------------------------------------------------------------------------


class Lines(IterableDataset):
    """Numbered samples, another order each epoch."""

    def __init__(self, n=7):
        self.n, self.epoch, self.begun = n, 0, 0

    def set_epoch(self, epoch):
        self.epoch = epoch

    def __iter__(self):
        self.begun += 1
        order = range(self.n) if self.epoch % 2 == 0 else reversed(range(self.n))
        return ((float(i), sample_generator().integers(1 << 30)) for i in order)


def lists(batches):
    return [tuple(part.tolist() for part in batch) for batch in batches]


@pytest.mark.parametrize("options", WAYS)
@pytest.mark.parametrize("drop_last", [False, True])
def test_a_stream_in_batches(options, drop_last):
    loader = DataLoader(Lines(), 3, drop_last=drop_last, **options)
    for epoch, order in ((0, [0, 1, 2, 3, 4, 5, 6]), (1, [6, 5, 4, 3, 2, 1, 0])):
        batches = lists(loader.batches(epoch))
        expected = [order[:3], order[3:6], order[6:]][: 2 if drop_last else 3]
        assert [x for x, _ in batches] == expected
        assert lists(loader.batches(epoch, 1)) == batches[1:]
        assert batches == lists(DataLoader(Lines(), 3, drop_last=drop_last).batches(epoch))
    assert len(list(loader)) == 2 + (not drop_last) and not readers()


def test_the_length_of_a_stream():
    loader = DataLoader(Lines(), 3)
    with pytest.raises(TypeError, match="nobody knows how many batches a Lines makes: it has no length"):
        len(loader)
    assert repr(loader).endswith("seed=0)")

    class Counted(Lines):
        def __len__(self):
            return self.n

    assert len(DataLoader(Counted(), 3)) == 3 and len(DataLoader(Counted(), 3, drop_last=True)) == 2


def test_anything_that_begins_anew_is_a_stream():
    class Endless:
        def __iter__(self):
            return count()

    assert [b.tolist() for b in islice(DataLoader(Endless(), 2, prefetch=2), 3)] == [[0, 1], [2, 3], [4, 5]]
    assert not readers()


class Fails(IterableDataset):
    def __iter__(self):
        yield from range(4)
        raise OSError("the line is dead")


@pytest.mark.parametrize("options", [{}, {"num_workers": 2}])
def test_where_a_stream_fails(options):
    got = []
    with pytest.raises(DataError, match="sample 4 of Fails could not be read: OSError: the line is dead") as error:
        got.extend(batch.tolist() for batch in DataLoader(Fails(), 3, **options))
    assert got == [[0, 1, 2]] and isinstance(error.value.__cause__, OSError) and not readers()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: DataLoader(iter([1])), DataError, "can be gone through only once"),
        (lambda: DataLoader(Lines(), shuffle=True), ArgumentError, "shuffle takes samples by their numbers"),
        (lambda: DataLoader(Lines(), sampler=[1]), ArgumentError, "sampler takes samples by their numbers"),
        (lambda: DataLoader(Lines(), batch_sampler=[[1]]), ArgumentError, "batch_sampler takes samples"),
        (
            lambda: DataLoader(Lines(), num_workers=1, multiprocessing_context="spawn"),
            ArgumentError,
            "read by one thread",
        ),
        (lambda: DataLoader(Lines()).rows(0), DataError, "have no numbers"),
        (lambda: list(DataLoader(IterableDataset())), DataError, "IterableDataset has no __iter__"),
        (lambda: DataLoader(Lines(), batch_size=0), ArgumentError, "batch_size"),
    ],
)
def test_what_a_stream_cannot_do(make, error, message):
    with pytest.raises(error, match=message):
        make()


class Unfinished(gradus.data.Dataset):
    def __getitem__(self, i):
        return i


@pytest.mark.parametrize("wrong", ["abc", 3, None, TensorDataset, Unfinished()])
def test_what_is_no_data_set(wrong):
    with pytest.raises(DataError, match=r"DataLoader: (expects a data set, got|Unfinished derives from Dataset and)"):
        DataLoader(wrong)


def test_the_signal_of_ctrl_c_is_left_alone():
    before = signal.getsignal(signal.SIGINT)
    list(DataLoader(Uneven(), 5, num_workers=2))
    assert signal.getsignal(signal.SIGINT) is before
