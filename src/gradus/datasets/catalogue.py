"""What the named data sets are made of: files, addresses, checksums, licences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class RemoteFile(NamedTuple):
    """A file, how long it is in bytes, its checksum, and the addresses it can be had from, tried in order.

    At an address that ends in `.zip` the file is inside the archive.
    """

    name: str
    size: int
    sha256: str
    addresses: tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """A data set: one line on what it is, the licence, and its files (none: embedded in the package)."""

    summary: str
    licence: str
    files: tuple[RemoteFile, ...] = ()


def _files(*files: tuple[str, int, str], at: tuple[str, ...]) -> tuple[RemoteFile, ...]:
    return tuple(RemoteFile(name, size, sha256, tuple(a + name for a in at)) for name, size, sha256 in files)


_GITHUB = "https://raw.githubusercontent.com/"

CATALOGUE: dict[str, Entry] = {
    "digits": Entry(
        "1,797 handwritten digits, 1x8x8, 10 classes (UCI Optical Recognition of Handwritten Digits, its test part)",
        "CC BY 4.0",
    ),
    "mnist": Entry(
        "70,000 handwritten digits, 1x28x28, 10 classes (LeCun, Cortes and Burges)",
        "CC BY-SA 3.0",
        _files(
            (
                "train-images-idx3-ubyte.gz",
                9912422,
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            ),
            ("train-labels-idx1-ubyte.gz", 28881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
            ("t10k-images-idx3-ubyte.gz", 1648877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
            ("t10k-labels-idx1-ubyte.gz", 4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
            at=(
                "https://ossci-datasets.s3.amazonaws.com/mnist/",
                "https://storage.googleapis.com/cvdf-datasets/mnist/",
            ),
        ),
    ),
    "fashion_mnist": Entry(
        "70,000 pictures of clothes, 1x28x28, 10 classes (Xiao, Rasul and Vollgraf, 2017)",
        "MIT, Copyright (c) 2017 Zalando SE",
        _files(
            (
                "train-images-idx3-ubyte.gz",
                26421880,
                "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            ),
            ("train-labels-idx1-ubyte.gz", 29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
            ("t10k-images-idx3-ubyte.gz", 4422102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
            ("t10k-labels-idx1-ubyte.gz", 5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
            at=(
                "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
                _GITHUB + "zalandoresearch/fashion-mnist/b2617bb6/data/fashion/",
            ),
        ),
    ),
    "california_housing": Entry(
        "20,640 districts of California, 1990: 9 features, median house value (Pace and Barry, 1997)",
        "Apache-2.0 (of ageron/handson-ml2, which holds this copy)",
        _files(
            ("housing.csv", 1423529, "8a3727f4cf54ac1a327f69b1d5b4db54c5834ea81c6e4efc0d163300022a685e"),
            at=(_GITHUB + "ageron/handson-ml2/1e211527/datasets/housing/",),
        ),
    ),
    "king_county": Entry(
        "21,613 house sales in King County, USA, May 2014 to May 2015: 20 features, price",
        "CC BY-SA 4.0 (of elandqui/OpenAppliedCalculus, which holds this copy)",
        (
            RemoteFile(
                "kc_house_data.csv",
                2515206,
                "d0875baa0251b21d4bdc9d2ae940a4fe0bb6009824f23dd0e2a5b2bf04557b7e",
                (_GITHUB + "elandqui/OpenAppliedCalculus/f1186ee0/datasets/kingcounty_house_data.csv.zip",),
            ),
        ),
    ),
    "ames_house_prices": Entry(
        "1,460 houses in Ames, Iowa: 79 features, many missing, price (De Cock, 2011, as cut by Kaggle)",
        "none stated for the data; Apache-2.0 of d2l-ai/d2l-zh, which holds this copy",
        _files(
            ("kaggle_house_pred_train.csv", 460676, "1e18addf81e5e4d347cc17ee6075bbe4a42b7fa26b9e5b063e8f692a5f929d41"),
            at=(
                "http://d2l-data.s3-accelerate.amazonaws.com/",
                _GITHUB + "d2l-ai/d2l-zh/f66f0829b472c4739fc7842b827c63e5eb39d69d/data/",
            ),
        ),
    ),
    "daily_views": Entry(
        "daily counts with a weekly period: views of two Wikipedia pages, pedestrians at one place in Melbourne",
        "MIT, Copyright (c) Facebook, Inc. and its affiliates",
        _files(
            ("example_wp_log_R.csv", 85609, "6be7cee8ce25f97e7bdf30444847e8fd36335c25611195b0bdc20f57ab06944e"),
            (
                "example_wp_log_peyton_manning.csv",
                86845,
                "6b1383a6f458e317c5da0488abaf2cadccd7e80c84c7a543d084e1159d5bfa56",
            ),
            (
                "example_pedestrians_covid.csv",
                25136,
                "e8971ec69aba730809d185ea2e0a24a56281f1a67b3a74ead01f0463c939ba20",
            ),
            at=(_GITHUB + "facebook/prophet/181f4479/examples/",),
        ),
    ),
    "cifar10": Entry(
        "60,000 colour pictures of things and animals, 3x32x32, 10 classes (Krizhevsky, 2009)",
        "none stated; its author asks for a citation",
        _files(
            ("cifar-10-binary.tar.gz", 170052171, "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"),
            at=("https://www.cs.toronto.edu/~kriz/",),
        ),
    ),
}

NAMES = tuple(CATALOGUE)

TEXTS: dict[str, Entry] = {  # what is no pair of x and y before a program has made it so
    "text": Entry(
        "given names, one a line, and 40,000 lines of Shakespeare",
        "public domain; MIT of karpathy/makemore and karpathy/char-rnn, which hold these copies",
        (
            RemoteFile(
                "names.txt",
                228145,
                "0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d",
                (_GITHUB + "karpathy/makemore/988aa59e/names.txt",),
            ),
            RemoteFile(
                "tinyshakespeare.txt",
                1115394,
                "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
                (_GITHUB + "karpathy/char-rnn/6f9487a6/data/tinyshakespeare/input.txt",),
            ),
        ),
    ),
    "sentiment": Entry(
        "10,662 sentences of film reviews, half of them praise (Pang and Lee, 2005)",
        "none stated for the data; Apache-2.0 of dennybritz/cnn-text-classification-tf, which holds this copy",
        _files(
            ("rt-polarity.pos", 626395, "4134882974a28d0c7b5151256f0e33a6169984ee7372c279e673f1114f475d58"),
            ("rt-polarity.neg", 612506, "2d11cfbc790f1cd96d78339f41ce53ced1efa83cd22d37d6788fa3fe3d17e2fd"),
            at=(_GITHUB + "dennybritz/cnn-text-classification-tf/18762b45/data/rt-polaritydata/",),
        ),
    ),
}
