"""Pictures of all kinds read as they are meant, or refused with a reason; folders of them, in memory or lazily."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import gradus
from gradus import nn
from gradus.data import (
    Compose,
    DataLoader,
    GaussianNoise,
    ImageFolder,
    RandomApply,
    RandomCrop,
    RandomErasing,
    RandomHorizontalFlip,
    random_split,
    read_image,
    read_image_folder,
)
from gradus.data.readers.images import picture_kind
from gradus.errors import ArgumentError, DataError, SkippedWarning

RAMP = np.arange(6, dtype=np.uint8).reshape(2, 3) * 50


def grey_of(path: Path) -> np.ndarray:
    return read_image(path, grey=True)[0]


# -- kinds of files ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["png", "bmp", "gif", "tif", "pgm", "webp", "ppm"])
def test_formats_without_loss_hold_their_pixels(tmp_path: Path, suffix: str) -> None:
    options = {"lossless": True} if suffix == "webp" else {}
    mode = "RGB" if suffix in ("webp", "ppm") else "L"
    Image.fromarray(RAMP).convert(mode).save(tmp_path / f"a.{suffix}", **options)
    np.testing.assert_array_equal(grey_of(tmp_path / f"a.{suffix}"), RAMP / np.float32(255))
    assert (read_image(tmp_path / f"a.{suffix}") == RAMP / np.float32(255)).all()


def png(depth: int, colours: int, rows: list[bytes], *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG file byte by byte: what Pillow does not write."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colours]
    width = len(rows[0]) * 8 // (depth * channels)
    head = struct.pack(">IIBBBBB", width, len(rows), depth, colours, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + row for row in rows))
    out = b"\x89PNG\r\n\x1a\n"
    for kind, content in ((b"IHDR", head), *chunks, (b"IDAT", body), (b"IEND", b"")):
        out += struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    return out


def words(*numbers: int) -> bytes:
    return struct.pack(f">{len(numbers)}H", *numbers)


KINDS: dict[str, tuple[bytes, list[list[float]]]] = {  # PNG files, and the greys that they mean
    "1 bit": (png(1, 0, [b"\xa0", b"\x40"]), [[1, 0, 1, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0, 0, 0]]),
    "2 bits": (png(2, 0, [b"\x1b"]), [[0, 1 / 3, 2 / 3, 1]]),
    "4 bits": (png(4, 0, [b"\x0f\x69"]), [[0, 1, 6 / 15, 9 / 15]]),
    "16 bits": (png(16, 0, [words(0, 1, 257, 65535)]), [[0, 1 / 65535, 257 / 65535, 1]]),
    "16 bits, one of them transparent": (
        png(16, 0, [words(0, 258, 300, 65535)], (b"tRNS", words(258))),
        [[0, 1, 300 / 65535, 1]],
    ),
    "8 bits, one of them transparent": (png(8, 0, [b"\x00\x33\x66"], (b"tRNS", words(0x33))), [[0, 1, 0.4]]),
    "a palette": (png(8, 3, [b"\x01\x00"], (b"PLTE", b"\x00\x00\x00\xff\xff\xff")), [[1, 0]]),
    "a palette of 1 bit": (png(1, 3, [b"\x80"], (b"PLTE", b"\xff\xff\xff\x33\x33\x33")), [[0.2, *[1] * 7]]),
    "a palette, partly transparent": (
        png(8, 3, [b"\x01\x00"], (b"PLTE", b"\x00\x00\x00\x33\x33\x33"), (b"tRNS", b"\x00\xff")),
        [[0.2, 1]],
    ),
    "grey and how dense": (png(8, 4, [b"\x00\xff\x00\x00\x33\xff"]), [[0, 1, 0.2]]),
    "half transparent": (png(8, 6, [b"\x00\x00\x00\x33"]), [[0.8]]),
    "three colours, one of them transparent": (
        png(8, 2, [b"\x33\x33\x33\x09\x08\x07"], (b"tRNS", words(9, 8, 7))),
        [[0.2, 1]],
    ),
    "1 bit, one of them transparent": (png(1, 0, [b"\xa0"], (b"tRNS", words(1))), [[1, 0, 1, 0, 0, 0, 0, 0]]),
    "16 bits of grey and of how dense": (png(16, 4, [words(65535, 65535, 0, 65535, 0, 0)]), [[1, 0, 1]]),
    "16 bits of three": (png(16, 2, [words(65535, 65535, 65535, 0x3344, 0x3344, 0x3344)]), [[1, 0.2]]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_of_png_mean_what_the_standard_says(tmp_path: Path, kind: str) -> None:
    content, greys = KINDS[kind]
    (tmp_path / "a.png").write_bytes(content)
    np.testing.assert_allclose(grey_of(tmp_path / "a.png"), greys, rtol=0, atol=1e-6)
    colours = read_image(tmp_path / "a.png")
    assert colours.shape == (3, *np.shape(greys))
    np.testing.assert_allclose(colours, [greys] * 3, rtol=0, atol=1e-6)


def test_sixteen_bits_in_other_formats_and_scaled(tmp_path: Path) -> None:
    pixels = np.array([[0, 1000], [40000, 65535]], np.uint16)
    Image.fromarray(pixels).save(tmp_path / "a.tif")
    (tmp_path / "a.pgm").write_bytes(b"P5 2 2 65535\n" + pixels.astype(">u2").tobytes())
    for name in ("a.tif", "a.pgm"):
        np.testing.assert_allclose(grey_of(tmp_path / name), pixels / 65535, atol=1e-6)
        assert read_image(tmp_path / name, size=1).shape == (3, 1, 1)
        np.testing.assert_allclose(read_image(tmp_path / name, size=1), pixels.mean() / 65535, rtol=1e-4)
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    Image.fromarray(pixels).save(tmp_path / "b.png", exif=exif)
    np.testing.assert_allclose(grey_of(tmp_path / "b.png"), pixels[::-1, ::-1] / 65535, atol=1e-6)


def test_inks_are_colours(tmp_path: Path) -> None:
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "a.jpg", quality=100)  # magenta and yellow: red
    Image.new("CMYK", (8, 8), (0, 0, 0, 204)).save(tmp_path / "b.tif")
    np.testing.assert_allclose(read_image(tmp_path / "a.jpg")[:, 0, 0], [1, 0, 0], atol=0.02)
    np.testing.assert_allclose(read_image(tmp_path / "b.tif")[:, 0, 0], [0.2, 0.2, 0.2], atol=0.01)


TURNED = {  # what the tag of orientation means: what has to be done with the pixels as they are stored
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.T,
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).T,
    8: lambda a: np.rot90(a),
}


@pytest.mark.parametrize("orientation", TURNED)
@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "webp"])
def test_pictures_are_turned_as_the_camera_was_held(tmp_path: Path, suffix: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    large = RAMP.repeat(16, 0).repeat(16, 1)
    options: dict[str, Any] = {"lossless": True} if suffix == "webp" else {}
    options |= {"quality": 95} if suffix == "jpg" else {}
    Image.fromarray(large).convert("RGB").save(tmp_path / f"a.{suffix}", exif=exif, **options)
    expected = TURNED[orientation](large) / 255
    found = grey_of(tmp_path / f"a.{suffix}")
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=0.02)


def test_of_several_pictures_in_a_file_the_first(tmp_path: Path) -> None:
    """Of a JPEG with several, too, as cameras write them; and one that comes into view step by step is read whole."""
    frames = [Image.new("L", (64, 64), grey) for grey in (51, 102, 204)]
    for name, kind in (("a.gif", "GIF"), ("a.tif", "TIFF"), ("a.jpg", "MPO")):
        frames[0].save(tmp_path / name, kind, save_all=True, append_images=frames[1:2])
        np.testing.assert_allclose(grey_of(tmp_path / name), np.full((64, 64), 0.2), atol=1e-6)
    frames[2].save(tmp_path / "b.jpg", progressive=True)
    np.testing.assert_allclose(grey_of(tmp_path / "b.jpg"), np.full((64, 64), 0.8), atol=1e-6)


# -- what is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["F", "I", "LAB", "HSV"])
def test_numbers_without_a_known_range_are_refused(tmp_path: Path, mode: str) -> None:
    picture = Image.new(mode, (2, 2)) if mode != "HSV" else Image.new("F", (2, 2))
    picture.save(tmp_path / "a.tif")
    with pytest.raises(DataError, match=r"a\.tif has Pillow's mode .* no known range; expected 8 bits a chan"):
        read_image(tmp_path / "a.tif")


def test_only_the_formats_that_are_named_are_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file's name does not decide: PostScript, which Pillow gives to Ghostscript, is not opened as a .png either."""
    from PIL import EpsImagePlugin

    def run(*_: Any) -> None:
        pytest.fail("Ghostscript was called")

    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", run)
    Image.new("RGB", (4, 4)).save(tmp_path / "a.eps")
    Image.new("RGB", (4, 4)).save(tmp_path / "b.pcx")
    (tmp_path / "a.png").write_bytes((tmp_path / "a.eps").read_bytes())
    for name in ("a.eps", "b.pcx", "a.png"):
        with pytest.raises(DataError, match=rf"{name} cannot be read as a picture: it is none of BMP, GIF, JPEG, PNG"):
            read_image(tmp_path / name)
    (tmp_path / "c.txt").write_bytes(png(8, 0, [b"\x33"]))
    assert read_image(tmp_path / "c.txt").shape == (3, 1, 1)


@pytest.mark.parametrize("suffix", ["png", "jpg", "gif", "bmp", "tif", "webp", "ppm"])
def test_damaged_files_are_read_or_told(tmp_path: Path, suffix: str) -> None:
    """Bytes changed and ends cut off, in many ways: a picture of the right form, or a DataError; no other error."""
    rng = np.random.default_rng(0)
    buffer, path = io.BytesIO(), tmp_path / f"a.{suffix}"
    kind = {"jpg": "JPEG", "tif": "TIFF"}.get(suffix, suffix.upper())
    Image.fromarray(rng.integers(0, 255, (9, 11, 3), np.uint8)).save(buffer, kind)
    whole = buffer.getvalue()
    told = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's own, of what it has put up with
        for i in range(150):
            damaged = bytearray(whole[: rng.integers(len(whole)) if i % 3 == 0 else len(whole)])
            for _ in range(i % 7):
                if damaged:
                    damaged[rng.integers(min(len(damaged), 200 if i % 2 else len(damaged)))] = rng.integers(256)
            path.write_bytes(damaged)
            try:
                assert read_image(path, size=4).shape == (3, 4, 4)
            except DataError as problem:
                assert str(path) in str(problem)
                told += 1
    assert told > 10


# -- folders -----------------------------------------------------------------------------------------------------------


def folder(root: Path) -> Path:
    """Two classes, folders within them, hidden files, other files, suffixes in capitals."""
    for name, grey in {
        "cat/b.PNG": 0,
        "cat/a.jpg": 51,
        "cat/more/deep/c.Jpeg": 102,
        "cat/.hidden.png": 9,
        "cat/.thumbnails/d.png": 9,
        "dog/e.bmp": 204,
        ".cache/f.png": 9,
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 3), grey).save(root / name)
    (root / "dog" / "notes.txt").write_text("no picture")
    (root / "dog" / "._e.bmp").write_bytes(b"what macOS leaves")
    (root / "readme.png.txt").write_text("no class")
    return root


@pytest.mark.parametrize("read", [read_image_folder, ImageFolder])
def test_folders_within_hidden_ones_and_capitals(tmp_path: Path, read: Any) -> None:
    data = read(folder(tmp_path), grey=True)
    assert data.classes == ("cat", "dog") and len(data) == 4 and data.name == tmp_path.name
    x, y = zip(*(data[i] for i in range(4)), strict=True)
    assert [int(label) for label in y] == [0, 0, 0, 1]
    np.testing.assert_allclose([a[0, 0, 0] for a in x], [0.2, 0, 0.4, 0.8], atol=0.02)
    files = data.files if read is read_image_folder else [file for file, _ in data.samples]
    expected = ["cat/a.jpg", "cat/b.PNG", "cat/more/deep/c.Jpeg", "dog/e.bmp"]
    assert [f.relative_to(tmp_path).as_posix() for f in files] == expected
    assert data.skipped == {}


@pytest.mark.parametrize("read", [read_image_folder, ImageFolder])
def test_folders_that_hold_nothing(tmp_path: Path, read: Any) -> None:
    with pytest.raises(DataError, match="is no folder"):
        read(tmp_path / "none")
    with pytest.raises(DataError, match=r"holds no folders; expected one folder of pictures for each class"):
        read(tmp_path)
    Image.new("L", (4, 3)).save(tmp_path / "a.png")
    with pytest.raises(DataError, match="holds pictures, but no folders"):
        read(tmp_path)
    (tmp_path / "cat").mkdir()
    with pytest.raises(DataError, match=r"cat holds no pictures \(\.bmp"):
        read(tmp_path)


@pytest.mark.parametrize("read", [read_image_folder, ImageFolder])
def test_bad_files_are_left_out_where_that_is_asked_for(tmp_path: Path, read: Any) -> None:
    root = folder(tmp_path)
    for i in range(4):
        (root / "dog" / f"bad{i}.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more"[: 8 * i])
    with pytest.raises(DataError, match=r"bad0\.png cannot be read"):
        list(DataLoader(read(root, grey=True), batch_size=2))
    said = r"4 of 8 pictures are left out. .*bad0\.png cannot be read.* And 1 more: see `skipped`"
    with pytest.warns(SkippedWarning, match=said) as told:
        data = read(root, grey=True, skip_bad=True)
    assert told[0].filename == __file__
    assert [f.name for f in data.skipped] == [f"bad{i}.png" for i in range(4)]
    assert all("cannot be read as a picture" in reason for reason in data.skipped.values())
    assert len(data) == 4 and [int(data[i][1]) for i in range(4)] == [0, 0, 0, 1]
    for file in (root / "cat").rglob("*.*"):
        if file.is_file():
            file.write_bytes(b"")
    (root / "dog" / "e.bmp").write_bytes(b"")
    with pytest.raises(DataError, match="none of 8 pictures can be read"):
        read(root, skip_bad=True)


def test_pictures_of_several_sizes(tmp_path: Path) -> None:
    root = folder(tmp_path)
    Image.new("L", (7, 5)).save(root / "dog" / "f.png")
    with pytest.raises(DataError, match=r"f\.png is 5 x 7 \(height x width\), the pictures before it 3 x 4. Give"):
        read_image_folder(root)
    assert read_image_folder(root, size=(6, 5)).arrays[0].shape == (5, 3, 6, 5)
    lazily = ImageFolder(root)
    assert lazily[4][0].shape == (3, 5, 7)
    with pytest.raises(DataError, match="sample 4"):
        list(DataLoader(lazily, batch_size=5))
    ((x, y),) = DataLoader(ImageFolder(root, size=6), batch_size=5)
    assert x.shape == (5, 3, 6, 6) and y.tolist() == [0, 0, 0, 1, 1]


def test_a_lazy_folder_is_as_the_one_in_memory(tmp_path: Path) -> None:
    root = folder(tmp_path)
    memory, lazily = read_image_folder(root, size=8), ImageFolder(root, size=8)
    assert repr(lazily) == f"ImageFolder({str(root)!r}: 4 pictures, 2 classes)"
    assert lazily.targets == memory.arrays[1].tolist() and lazily.class_to_idx == {"cat": 0, "dog": 1}
    np.testing.assert_array_equal(lazily[-1][0], memory[3][0])
    with pytest.raises(IndexError):
        lazily[4]
    parts = [random_split(d, [0.5, 0.5], seed=1) for d in (memory, lazily)]
    for one, other in zip(*parts, strict=True):
        for batches in zip(*(DataLoader(d, batch_size=2, shuffle=True, prefetch=2) for d in (one, other)), strict=True):
            for a, b in zip(*batches, strict=True):
                np.testing.assert_array_equal(a.numpy(), b.numpy())


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_changes_in_a_loader_are_a_function_of_its_seed(tmp_path: Path, workers: int) -> None:
    """Whoever reads: the numbers are those of the sample, not gradus' own, which threads would take from each other."""
    change = Compose([RandomCrop(6), RandomApply([RandomHorizontalFlip(1)], 0.5), GaussianNoise(), RandomErasing()])
    data = ImageFolder(folder(tmp_path), size=8, transform=change)
    assert data[0][0].shape == (3, 6, 6)

    def epochs(**options: Any) -> list[np.ndarray]:
        loader = DataLoader(data, batch_size=2, shuffle=True, seed=3, **options)
        return [np.concatenate([x.numpy() for x, _ in loader.batches(epoch)]) for epoch in (0, 1)]

    gradus.seed(5)
    once = epochs()
    gradus.seed(6)
    before = gradus.random.default.state.tolist()
    again = epochs(num_workers=workers)
    assert gradus.random.default.state.tolist() == before
    for a, b in zip(once, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(np.sort(once[0].ravel()), np.sort(once[1].ravel()))


def test_a_transform_is_a_function(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="transform must be a function"):
        ImageFolder(folder(tmp_path), transform=3)
    assert ImageFolder(tmp_path, transform=lambda x: x.mean())[0] == (pytest.approx(0.2, abs=0.01), 0)


def test_a_lazy_folder_trains(tmp_path: Path) -> None:
    root = folder(tmp_path)
    weights = []
    for data in (ImageFolder(root, size=4), read_image_folder(root, size=4)):
        gradus.seed(0)
        model = nn.Sequential(nn.Flatten(), nn.Linear(48, 2))
        trainer = gradus.Trainer(model, "cross_entropy", gradus.optim.SGD(model.parameters(), lr=0.1), compile=False)
        trainer.fit(data, validation=data, epochs=2, batch_size=2, progress=False)
        weights.append(model[1].weight.numpy())
    np.testing.assert_array_equal(*weights)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_what_a_file_says_of_itself_is_what_is_read(mode, orientation, tmp_path) -> None:
    """Before it is read: its size as it is shown, and whether it is grey."""
    path = tmp_path / ("picture.tiff" if mode in ("CMYK", "I;16") else "picture.png")
    grey = Image.fromarray(RAMP.astype(np.uint16)) if mode == "I;16" else Image.fromarray(RAMP).convert(mode)
    exif = Image.Exif()
    exif[0x0112] = orientation
    grey.save(path, exif=exif)
    height, width, said = picture_kind(path)
    assert (height, width) == read_image(path).shape[1:] == ((3, 2) if orientation == 6 else (2, 3))
    assert said == (mode in ("1", "L", "LA", "P", "I;16"))


def test_a_palette_of_colours_is_no_grey(tmp_path) -> None:
    Image.new("RGB", (2, 2), "red").convert("P").save(tmp_path / "red.png")
    assert not picture_kind(tmp_path / "red.png").grey and picture_kind(tmp_path / "none.png") is None


@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
@pytest.mark.parametrize(("orientation", "turns"), [(1, 0), (3, 2), (6, -1), (8, 1)])
def test_a_tiff_is_turned_as_it_was_held(compression, orientation, turns, tmp_path) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(RAMP).save(tmp_path / "held.tiff", exif=exif, compression=compression)
    read = read_image(tmp_path / "held.tiff", grey=True)[0] * 255
    assert read.round().tolist() == np.rot90(RAMP, turns).tolist()
