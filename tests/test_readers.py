"""Readers of idx, CIFAR-10 and picture files: what they read, and what they say of damaged files."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from gradus.data import read_cifar, read_idx, read_image, read_image_folder
from gradus.data.readers.cifar import read_cifar_archive
from gradus.errors import DataError

CODES = {"uint8": 8, "int8": 9, "int16": 11, "int32": 12, "float32": 13, "float64": 14}


def idx_bytes(array):
    header = bytes([0, 0, CODES[array.dtype.name], array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


def packed_bytes(content):
    """Gzip without the time of day, which would change from one collection of the tests to the next."""
    return gzip.compress(content, mtime=0)


THREE = idx_bytes(np.array([[1, 2, 3]], np.uint8))


def write(folder, content, name="file"):
    path = folder / name
    path.write_bytes(content)
    return path


# -- idx ---------------------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=60)
@given(
    array=st.sampled_from(sorted(CODES)).flatmap(
        lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5))
    ),
    packed=st.booleans(),
)
def test_idx_files_are_read_as_they_were_written(tmp_path_factory, array, packed):
    content = idx_bytes(array)
    path = write(tmp_path_factory.mktemp("idx"), packed_bytes(content) if packed else content)
    found = read_idx(path)
    assert found.dtype == array.dtype and found.dtype.isnative
    np.testing.assert_array_equal(found, array)


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (b"", "a", "is empty; an idx file was expected"),
        (b"", "a.gz", "is empty"),
        (b"<html>", "a", "is no idx file: it begins with bytes 3c 68 74 6d"),
        (b"<html>", "a.gz", r"is not gzip \(it begins with bytes 3c 68"),
        (b"\0\0\x08", "a", "is no idx file"),
        (b"\0\0\x07\x01", "a", "is no idx file"),
        (THREE[:9], "a", "truncated within its header: 2 axes"),
        (THREE[:-1], "a", r"is truncated: an idx array of uint8 \(1, 3\) takes 3 bytes, 2 are there"),
        (THREE + b"4", "a", r"is too long: .* takes 3 bytes, more than 3 are there"),
        (bytes([0, 0, 8, 70]) + struct.pack(">70I", *[1] * 70) + b"1", "a", "no array of 70 axes"),
        (bytes([0, 0, 14, 4]) + struct.pack(">4I", 0, *[2**32 - 1] * 3), "a", "no array of 4 axes"),
        (packed_bytes(THREE[:-1]), "a.gz", "is truncated"),
        (packed_bytes(THREE + bytes(9)), "a.gz", "is too long"),
        (packed_bytes(THREE)[:-6], "a.gz", "is truncated: the gzip stream"),
        (packed_bytes(THREE)[:-8] + bytes(8), "a.gz", "is damaged: CRC"),
        (packed_bytes(bytes(200))[:10] + b"\xff" * 20, "a.gz", "is damaged"),
    ],
)
def test_damaged_idx_files(tmp_path, content, name, message):
    path = write(tmp_path, content, name)
    with pytest.raises(DataError, match=message) as caught:
        read_idx(path)
    assert str(path) in str(caught.value)


def test_a_header_that_promises_too_much_costs_no_memory(tmp_path):
    header = bytes([0, 0, 8, 4]) + struct.pack(">4I", *[2**32 - 1] * 4)
    with pytest.raises(DataError, match="is truncated"):
        read_idx(write(tmp_path, header + b"123"))


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(DataError, match="none cannot be read: No such file or directory; an idx file was expected"):
        read_idx(tmp_path / "none")
    with pytest.raises(DataError, match="Is a directory"):
        read_idx(tmp_path)


# -- CIFAR-10 ----------------------------------------------------------------------------------------------------------


def records(*labels):
    return b"".join(bytes([label]) + bytes([label] * 1024 + [100] * 1024 + [200] * 1024) for label in labels)


@pytest.mark.parametrize("packed", [False, True])
def test_cifar_records(tmp_path, packed):
    content = records(3, 9)
    pictures, labels = read_cifar(write(tmp_path, packed_bytes(content) if packed else content))
    assert labels.tolist() == [3, 9] and pictures.shape == (2, 3, 32, 32)
    assert pictures[1, :, 5, 7].tolist() == [9, 100, 200]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (records(1)[:-1], "holds 3072 bytes: 0 CIFAR-10 records"),
        (records(1) + b"1", "1 CIFAR-10 records of 3073 bytes and 1 bytes more"),
        (records(1, 10), "record 1 has the label 10; CIFAR-10's labels run from 0 to 9"),
        (packed_bytes(b""), "holds 0 bytes"),
    ],
)
def test_damaged_cifar_files(tmp_path, content, message):
    with pytest.raises(DataError, match=message):
        read_cifar(write(tmp_path, content))


def archive(parts):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, content in parts.items():
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return out.getvalue()


PARTS = {f"data_batch_{i}.bin": records(i) for i in (5, 4, 3, 2, 1)} | {"test_batch.bin": records(0), "x.txt": b"x"}


def test_the_cifar_archive(tmp_path):
    train, test = read_cifar_archive(write(tmp_path, archive(PARTS)))
    assert train[1].tolist() == [1, 2, 3, 4, 5] and test[1].tolist() == [0]
    assert train[0].shape == (5, 3, 32, 32)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (archive({"data_batch_1.bin": records(1)}), r"does not hold data_batch_2.bin, .*test_batch.bin"),
        (archive(PARTS | {"test_batch.bin": b"12"}), "test_batch.bin holds 2 bytes"),
        (packed_bytes(b"no tar" * 1000), "is no whole tar archive"),
        (archive(PARTS)[:200], "is truncated|is no whole tar archive"),
    ],
)
def test_damaged_cifar_archives(tmp_path, content, message):
    with pytest.raises(DataError, match=message):
        read_cifar_archive(write(tmp_path, content))


# -- pictures ----------------------------------------------------------------------------------------------------------


def test_a_picture_as_an_array(tmp_path):
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3) * 10
    Image.fromarray(pixels).save(tmp_path / "a.png")
    found = read_image(tmp_path / "a.png")
    assert found.dtype == np.float32 and found.flags.c_contiguous
    np.testing.assert_allclose(found, pixels.transpose(2, 0, 1) / np.float32(255))
    assert read_image(tmp_path / "a.png", size=(5, 6)).shape == (3, 5, 6)
    assert read_image(tmp_path / "a.png", size=3, grey=True).shape == (1, 3, 3)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_parts_are_white(tmp_path, mode):
    ink = Image.new("RGBA", (2, 1), (0, 0, 0, 0))
    ink.putpixel((0, 0), (0, 0, 0, 255))
    ink.convert(mode).save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png", grey=True).tolist() == [[[0, 1]]]


def test_pictures_are_turned_as_the_camera_was_held(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned by 90 degrees
    Image.new("RGB", (4, 2)).save(tmp_path / "a.jpg", exif=exif)
    assert read_image(tmp_path / "a.jpg").shape == (3, 4, 2)


def test_pictures_that_cannot_be_read(tmp_path):
    with pytest.raises(DataError, match=r"a.png cannot be read as a picture"):
        read_image(write(tmp_path, b"no picture", "a.png"))
    with pytest.raises(DataError, match="No such file"):
        read_image(tmp_path / "b.png")
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)).save(tmp_path / "c.png")
    with pytest.raises(DataError, match=r"d.png cannot be read as a picture"):
        read_image(write(tmp_path, (tmp_path / "c.png").read_bytes()[:3000], "d.png"))


def test_a_picture_that_unpacks_to_very_much(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    Image.new("L", (4, 4)).save(tmp_path / "a.png")
    with pytest.raises(DataError, match="exceeds limit"):
        read_image(tmp_path / "a.png")


def picture_folder(root, sizes):
    for kind, (w, h) in sizes.items():
        (root / kind).mkdir()
        for i in range(2):
            Image.new("RGB", (w, h), (i * 100, 50, 0)).save(root / kind / f"{i}.png")
    (root / "notes.txt").write_text("not looked at")
    return root


def test_a_folder_of_pictures(tmp_path):
    data = read_image_folder(picture_folder(tmp_path, {"dog": (4, 3), "cat": (4, 3)}))
    assert data.classes == ("cat", "dog") and data.arrays[1].tolist() == [0, 0, 1, 1]
    assert data.arrays[0].shape == (4, 3, 3, 4)
    np.testing.assert_allclose(data.arrays[0][:, 0, 0, 0], np.array([0, 100, 0, 100]) / 255, rtol=1e-6)


def test_folders_of_pictures_that_do_not_fit(tmp_path):
    with pytest.raises(DataError, match="is no folder"):
        read_image_folder(tmp_path / "none")
    with pytest.raises(DataError, match="holds no folders"):
        read_image_folder(tmp_path)
    picture_folder(tmp_path, {"cat": (4, 3), "dog": (5, 3)})
    with pytest.raises(DataError, match=r"dog/0.png is 3 x 5 \(height x width\), the pictures before it 3 x 4"):
        read_image_folder(tmp_path)
    assert read_image_folder(tmp_path, size=8).arrays[0].shape == (4, 3, 8, 8)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="empty holds no pictures"):
        read_image_folder(tmp_path, size=8)
