"""Files that ask for more than they hold: what is read of data, pictures and archives is bounded before it is taken."""

from __future__ import annotations

import gzip
import io
import pickle
import struct
import tarfile
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gradus.bounded.contents import UNPACKED
from gradus.data import read_cifar, read_csv, read_idx, read_image, read_text
from gradus.data.readers.arrays import read_arrays
from gradus.data.readers.cifar import read_cifar_archive
from gradus.data.tables.numbers import written_number
from gradus.datasets.locate import _unzip
from gradus.errors import DataError


def refused(read: Callable[[Path], Any], path: Path, words: str) -> None:
    """What is read is refused with these words, which name the file and are few."""
    with pytest.raises(DataError, match=words) as caught:
        read(path)
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 1000


@pytest.fixture(scope="module")
def bomb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Zeros, of which a thousand are packed into a byte."""
    path: Path = tmp_path_factory.mktemp("bomb") / "zeros.gz"
    piece, packer = bytes(1 << 22), zlib.compressobj(1, wbits=31)
    path.write_bytes(b"".join(packer.compress(piece) for _ in range(UNPACKED // len(piece) + 1)) + packer.flush())
    return path


@pytest.mark.parametrize("read", [read_cifar, read_csv, read_text, read_cifar_archive])
def test_packed_files_hold_no_more_than_their_size_lets_expect(read: Callable[[Path], Any], bomb: Path) -> None:
    refused(read, bomb, r"holds, unpacked, more than 134,217,728: .*most_bytes=")


def test_what_is_meant_can_be_said(tmp_path: Path) -> None:
    path = tmp_path / "long.txt.gz"
    path.write_bytes(gzip.compress(b"a" * 1000))
    refused(lambda path: read_text(path, most_bytes=999), path, "more than 999")
    assert len(read_text(path, most_bytes=1000)) == 1000


def test_an_idx_header_that_asks_for_a_bomb(tmp_path: Path, bomb: Path) -> None:
    path = tmp_path / "x.gz"
    header = gzip.compress(bytes([0, 0, 8, 2]) + struct.pack(">2I", 1 << 20, 1 << 20))
    path.write_bytes(header + bomb.read_bytes())
    refused(read_idx, path, "more than 134,217,728")


def test_a_member_of_an_archive_that_claims_to_be_a_bomb(tmp_path: Path) -> None:
    path = tmp_path / "cifar-10-binary.tar.gz"
    member = tarfile.TarInfo("data_batch_1.bin")  # sparse: 2**40 zeros that nobody wrote
    member.pax_headers = {"GNU.sparse.major": "0", "GNU.sparse.size": str(1 << 40), "GNU.sparse.map": f"{1 << 40},0"}
    with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(member, io.BytesIO())
    refused(read_cifar_archive, path, "holds 30730001 bytes")


def test_headers_of_an_archive_within_one_another(tmp_path: Path) -> None:
    path = tmp_path / "cifar-10-binary.tar.gz"
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 0
    path.write_bytes(gzip.compress(header.tobuf() * 5000 + bytes(1024)))
    refused(read_cifar_archive, path, "is no whole tar archive")


def test_a_member_longer_than_it_is_known_to_be(tmp_path: Path) -> None:
    path = tmp_path / "part"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../houses.csv", bytes(1 << 20))
    with pytest.raises(DataError, match=r"houses\.csv is longer than 1,000 bytes"):
        _unzip(path, "houses.csv", 1000)
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\1\2") + 10] = 77  # a way of packing that there is not
    path.write_bytes(content)
    with pytest.raises(DataError, match="no whole archive"):
        _unzip(path, "houses.csv", 1 << 20)


def npy(description: str, numbers: bytes = b"") -> bytes:
    text = description.encode()
    return b"\x93NUMPY\1\0" + len(text).to_bytes(2, "little") + text + numbers


ONE = "{'descr': '<f4', 'fortran_order': False, 'shape': %s}"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (npy(ONE % f"({1 << 40},)"), "is truncated"),
        (npy(ONE % f"(0, {1 << 70})"), "cannot be read as NumPy's arrays"),
        (npy(ONE % "(1,)", bytes(5)), "is too long"),
        (npy(ONE.replace("<f4", "|O") % "(1,)", pickle.dumps([print])), "it holds objects"),
        (npy("{'descr': " + "[" * 5000), "cannot be read as NumPy's arrays"),
        (b"\x93NUMPY\3\0" + b"\xff" * 8, "of version 3.0"),
    ],
)
def test_arrays_that_ask_for_too_much(content: bytes, words: str, tmp_path: Path) -> None:
    for name in ("x.npy", "x.npz"):
        path = tmp_path / name
        path.write_bytes(content)
        if name == "x.npz":
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("x.npy", content)
        refused(read_arrays, path, words)


def test_an_archive_of_zeros(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name in "ab":
            archive.writestr(f"{name}.npy", npy(ONE % f"({UNPACKED // 8 + 8},)", bytes(UNPACKED // 2 + 32)))
    refused(read_arrays, path, "more than 134,217,728 bytes")


# -- tables ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("between", "words"), [(",", "commas"), ("\t", "tabs"), (" ", "spaces")])
def test_a_line_of_a_million_values(between: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_text("a,b\n1,2\n" + between.join(["1"] * 1_000_001) + "\n")
    refused(read_csv, path, f"line 3: 1,000,000 {words} lie between its values; a table has at most 100,000 columns")


def test_a_line_that_is_the_whole_file_takes_some_times_its_size(tmp_path: Path) -> None:
    path = tmp_path / "line.csv"
    path.write_bytes(b"1," * 5_000_000)
    tracemalloc.start()
    try:
        refused(read_csv, path, "4,999,999 commas|5,000,000 commas")
        assert tracemalloc.get_traced_memory()[1] < 5 * path.stat().st_size
    finally:
        tracemalloc.stop()


def test_a_row_of_many_values_in_many_lines(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    row = ",".join(['"a\nb"'] * 101)
    path.write_text(f"{row}\n{row}\n")
    refused(lambda path: read_csv(path, most_columns=100, delimiter=","), path, "100 commas lie")
    assert len(read_csv(path, most_columns=101, header=False).names) == 101


def test_long_texts_are_no_rows_of_many_values(tmp_path: Path) -> None:
    path = tmp_path / "texts.csv"
    text = "one, two, three " * 50_000
    path.write_text(f'number,text\n1,"{text}"\n2,"{text}"\n')
    assert read_csv(path)["text"][0] == text.strip()


def test_names_of_a_million_letters_are_cut_in_messages(tmp_path: Path) -> None:
    path, name = tmp_path / "names.csv", "a" * 1_000_000
    path.write_text(f"{name},b\n1/2/2024,2\n3/4/2024,inf\n")
    with pytest.warns(Warning, match="either the day or the month") as told:
        table = read_csv(path)
    assert max(len(str(warning.message)) for warning in told) < 1000
    for read in (table.numbers, table.dates):
        with pytest.raises(DataError) as caught:
            read(name)
        assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("text", ["- " + " " * 20_000 + "x", "(" + " " * 20_000 + "x", "1" + " " * 20_000 + "x"])
def test_spaces_that_lead_nowhere_take_no_time(text: str) -> None:
    assert written_number(text, ".") is None  # in as many ways as the cube of the spaces, it took a year


def test_digits_of_other_scripts_beside_a_unit() -> None:
    assert written_number("١٢٣ €", ".") == (123.0, "€", False)


# -- pictures ----------------------------------------------------------------------------------------------------------


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    parts = [struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


END = (b"IEND", b"")


def header(width: int, height: int) -> tuple[bytes, bytes]:
    return b"IHDR", struct.pack(">2I5B", width, height, 8, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (png(header(60_000, 60_000), (b"IDAT", zlib.compress(bytes(100))), END), "pixels"),
        (png(header(10_000, 10_000), (b"IDAT", zlib.compress(bytes(100))), END), "pixels"),
        (png(header(1, 1), (b"zTXt", b"a\0\0" + zlib.compress(bytes(1 << 24))), (b"IDAT", zlib.compress(b"\0\7")), END),
         "too large|cannot be read"),
        (b"P6 100000 100000 255\n", "pixels"),
        (b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, 2**20, 2**20, 1, 24, 0, 0, 0, 0, 0, 0), "pixels"),
        (b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0, 0, 0) + b",", "cannot be read"),
    ],
)  # fmt: skip
def test_pictures_that_ask_for_too_much(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(content)
    refused(read_image, path, words)


def test_every_changed_byte_of_a_png_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (5, 6, 3), np.uint8)).save(path)
    before, content = read_image(path), path.read_bytes()
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 4
        path.write_bytes(changed)
        try:
            found = read_image(path)
        except DataError:
            continue
        np.testing.assert_array_equal(found, before, str(place))


def test_threads_do_not_lose_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.png"
    Image.new("L", (20, 20)).save(path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 300)
    monkeypatch.setattr("warnings.simplefilter", lambda *_: None)  # as where another thread sets filters
    monkeypatch.setattr("warnings.warn", lambda *_, **__: None)
    refused(read_image, path, "20 x 20 pixels, in .*PIL.Image.MAX_IMAGE_PIXELS, 300")


def test_a_small_file_has_no_such_many_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.png"
    Image.new("1", (4500, 4500)).save(path)
    monkeypatch.setattr("gradus.data.readers.images._PER_BYTE", 100)
    refused(read_image, path, r"4500 x 4500 pixels, in \d,\d+ bytes; expected at most 100 for each byte")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert read_image(path, size=4).max() == 0
