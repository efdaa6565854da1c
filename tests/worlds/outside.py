"""What a function asks of the world around the process, by each kind of function written in C."""

from __future__ import annotations

import datetime as dt
import io
import select
import socket
import threading

import numpy as np

from .world import World, refused


@refused
def the_date_of_today() -> World:
    return World(lambda x: x * dt.date.today().year)


@refused
def the_number_of_a_thread() -> World:
    return World(lambda x: x * (threading.get_ident() > 0))


@refused
def the_name_of_the_machine() -> World:
    return World(lambda x: x * len(socket.gethostname()))


@refused
def waiting_for_files() -> World:
    return World(lambda x: x * (1 + len(select.select([], [], [], 0)[0])))


@refused
def numbers_of_a_file() -> World:
    return World(lambda x: x * np.fromfile(__file__, np.uint8, 3).astype("float32"))


@refused
def a_file_that_is_open() -> World:
    file = io.StringIO("3")
    return World(lambda x: x * len(file.getvalue()))
