"""Texts: cut into tokens, numbered, put together again, cut into windows; read from files."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradus
from gradus.data import (
    BytePairs,
    DataLoader,
    Sequences,
    Vocabulary,
    characters,
    next_tokens,
    read_text,
    read_texts,
    words,
)
from gradus.data.text.byte_pairs import _pieces
from gradus.errors import ArgumentError, DataError, DataWarning, DtypeError, ShapeError

SPOKEN = st.text(st.sampled_from("abc ABC 12_.,'!\n\téßあ春眠不🙂\u0301\u00a0"), max_size=60)


# -- tokens ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("It's 3.14, isn't it?", ["It's", "3", ".", "14", ",", "isn't", "it", "?"]),
        ("'tis' the dogs' snake_case x-ray", ["'", "tis", "'", "the", "dogs", "'", "snake_case", "x", "-", "ray"]),
        ("春眠不觉晓,处处闻啼鸟。", list("春眠不觉晓,处处闻啼鸟。")),
        ("用Python写AI", ["用", "Python", "写", "AI"]),
        ("カタカナ ひら", list("カタカナひら")),
        ("cafe\u0301 naïve", ["cafe\u0301", "naïve"]),  # a mark belongs to its letter
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("한국어 말", ["한국어", "말"]),
        ("a\u00a0b\n\n\tc  ", ["a", "b", "c"]),
        ("🙂!!", ["🙂", "!", "!"]),
        ("", []),
    ],
)
def test_words(text, tokens):
    assert words(text) == tokens


def test_words_in_small_letters():
    assert words("The ÉTÉ", lower=True) == ["the", "été"]


@settings(deadline=None)
@given(text=st.one_of(st.text(), SPOKEN))
def test_nothing_is_lost_but_space(text):
    assert "".join(characters(text)) == text
    assert "".join(words(text)) == "".join(text.split())


# -- vocabulary --------------------------------------------------------------------------------------------------------

SAID = [["b", "a", "b"], ["c", "a"], ["b"]]


def test_the_most_common_come_first():
    vocabulary = Vocabulary(SAID)
    assert vocabulary.tokens == ("<pad>", "<unk>", "<bos>", "<eos>", "b", "a", "c") and len(vocabulary) == 7
    assert vocabulary.counts == {"<pad>": 0, "<unk>": 0, "<bos>": 0, "<eos>": 0, "b": 3, "a": 2, "c": 1}
    assert Vocabulary(SAID, min_count=2).tokens[4:] == ("b", "a")
    assert Vocabulary(SAID, max_size=5).tokens[4:] == ("b",) and len(Vocabulary(SAID, max_size=4)) == 4
    assert Vocabulary([["z"], ["y"]], specials=()).tokens == ("y", "z")  # as common: in alphabetical order
    assert Vocabulary([["<unk>", "a"]]).tokens == ("<pad>", "<unk>", "<bos>", "<eos>", "a")
    assert repr(vocabulary) == "Vocabulary(7 tokens, 4 of them special)"


def test_tokens_to_numbers_and_back():
    vocabulary = Vocabulary(SAID)
    numbers = vocabulary.encode(["a", "x", "b"])
    assert numbers.dtype == np.int64 and numbers.tolist() == [5, 1, 4] and vocabulary["x"] == 1 and vocabulary.pad == 0
    assert vocabulary.encode([], ends=True).tolist() == [2, 3] and vocabulary.encode([]).shape == (0,)
    assert vocabulary.decode(gradus.tensor(numbers)) == ["a", "<unk>", "b"]
    assert vocabulary.decode([2, 5, 3, 0], specials=False) == ["a"]
    assert "a" in vocabulary and "x" not in vocabulary


def test_what_a_vocabulary_refuses():
    bare = Vocabulary(SAID, specials=())
    with pytest.raises(DataError, match="'x' is not in the vocabulary, and no token stands for what is unknown"):
        bare.encode(["x"])
    with pytest.raises(ArgumentError, match="no <bos> among its specials, none"):
        bare.encode(["a"], ends=True)
    with pytest.raises(ArgumentError, match="no <pad>"):
        _ = bare.pad
    with pytest.raises(ArgumentError, match=r"got the text 'ab'.*words\(text\)"):
        bare.encode("ab")
    with pytest.raises(ArgumentError, match=r"Vocabulary\(\[words\(text\)\]\)"):
        Vocabulary("a b")
    with pytest.raises(ArgumentError, match=r"Vocabulary\(map\(words, texts\)\)"):
        Vocabulary(["a b"])
    with pytest.raises(DataError, match=r"3 is no token's number; they are 0 to 2"):
        bare.decode([0, 3])
    with pytest.raises(DataError, match=r"-1 is no token's number"):
        bare.decode([-1])
    with pytest.raises(ArgumentError, match="4 special tokens are more than max_size=3"):
        Vocabulary(SAID, max_size=3)
    with pytest.raises(ArgumentError, match="min_count"):
        Vocabulary(SAID, min_count=0)
    with pytest.raises(DataError, match="'<a>' comes twice"):
        Vocabulary(SAID, specials=("<a>", "<a>"))


@settings(deadline=None)
@given(texts=st.lists(st.lists(st.text(max_size=3), max_size=9), max_size=5), count=st.integers(1, 3))
def test_a_vocabulary_is_saved_and_numbers_what_it_knows(texts, count):
    vocabulary = Vocabulary(texts, min_count=count)
    again = Vocabulary.from_json(vocabulary.to_json())
    assert (again.tokens, again.counts, again.specials) == (vocabulary.tokens, vocabulary.counts, vocabulary.specials)
    for tokens in texts:
        found = again.decode(again.encode(tokens))
        assert found == [t if t in vocabulary else "<unk>" for t in tokens]


@pytest.mark.parametrize(
    "text", ["", "3", "{}", '{"tokens": ["a"], "counts": [], "specials": []}',
             '{"tokens": ["a", "a"], "counts": [1, 1], "specials": []}', '{"merges": [1], "specials": []}',
             '{"merges": [[97, 300]], "specials": []}', '{"merges": [[97, 98], [97, 98]], "specials": []}'],
)  # fmt: skip
def test_json_of_something_else(text):
    with pytest.raises(DataError, match=r"no Vocabulary|comes twice"):
        Vocabulary.from_json(text)
    with pytest.raises(DataError, match=r"no BytePairs|not before it|comes twice"):
        BytePairs.from_json(text)


# -- byte pairs --------------------------------------------------------------------------------------------------------


def joined(tokens, pair, to):
    found = []
    for token in tokens:
        if found and (found[-1], token) == pair:
            found[-1] = to
        else:
            found.append(token)
    return found


def learned_slowly(text, merges):
    """The pairs, all counted again each time."""
    pieces, found = [list(piece.encode()) for piece in _pieces(text)], []
    while len(found) < merges:
        counts = Counter(pair for piece in pieces for pair in pairwise(piece))
        if not counts or max(counts.values()) < 2:
            break
        pair = min(counts, key=lambda p: (-counts[p], p))
        pieces = [joined(piece, pair, 256 + len(found)) for piece in pieces]
        found.append(pair)
    return found, [token for piece in pieces for token in piece]


@settings(deadline=None, max_examples=60)
@given(text=SPOKEN, merges=st.integers(1, 12))
def test_pairs_are_those_of_counting_anew(text, merges):
    pairs = BytePairs.train(text * 2, merges)
    found, tokens = learned_slowly(text * 2, merges)
    assert list(pairs.merges) == found and pairs.encode(text * 2).tolist() == tokens


FOUND = BytePairs.train("春眠不觉晓 the then there ththth  \n\n 1234 1234 été " * 3, 40, specials=("<pad>", "<eos>"))


@settings(deadline=None)
@given(text=st.one_of(st.text(), SPOKEN, st.text(st.characters(), max_size=5)))
def test_byte_pairs_give_the_text_back(text):
    again = BytePairs.from_json(FOUND.to_json())
    numbers = FOUND.encode(text)
    assert "".join(_pieces(text)) == text
    assert FOUND.decode(numbers) == text and numbers.dtype == np.int64
    assert again.encode(text).tolist() == numbers.tolist() and again.merges == FOUND.merges


def test_byte_pairs_and_special_tokens():
    assert len(FOUND) == 291 and FOUND.pad == FOUND["<pad>"] == 289 and FOUND["<eos>"] == 290
    assert FOUND.decode([*FOUND.encode("the"), 290, 289]) == "the" and FOUND.tokens([290, 116]) == [b"", b"t"]
    assert FOUND.decode([0xE6, 97]) == "�a"  # half a character
    assert FOUND.decode(gradus.tensor([97])) == "a" and FOUND.decode([]) == ""
    assert repr(FOUND) == "BytePairs(291 tokens, 2 of them special)"
    assert BytePairs.train(["ab", "ab", "cd"], 9).merges == ((97, 98),)  # no other pair comes twice


def test_what_byte_pairs_refuse():
    with pytest.raises(DataError, match=r"291 is no token's number; they are 0 to 290"):
        FOUND.decode([291])
    with pytest.raises(ArgumentError, match="'<bos>' is none of its special tokens, <pad>, <eos>"):
        _ = FOUND["<bos>"]
    with pytest.raises(ArgumentError, match="takes a text, got a list"):
        FOUND.encode(["a"])
    with pytest.raises(ArgumentError, match="merges"):
        BytePairs.train("a", 0)


def test_a_text_without_spaces_takes_no_longer():
    pairs = BytePairs.train("ab" * 100_000, 50)
    assert len(pairs.encode("ab" * 100_000)) < 10_000 and pairs.merges[0] == (97, 98)


# -- windows and batches -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("length", "stride", "starts"),
    [(3, None, [0, 3, 6]), (3, 1, [0, 1, 2, 3, 4, 5, 6]), (9, None, [0]), (2, 5, [0, 5])],
)
def test_windows_and_the_same_one_token_further(length, stride, starts):
    stream = np.arange(10) * 7
    data = next_tokens(stream, length, stride, name="poem")
    x, y = data.arrays
    assert x.tolist() == [stream[a : a + length].tolist() for a in starts] and data.name == "poem"
    assert y.tolist() == [stream[a + 1 : a + length + 1].tolist() for a in starts] and x.dtype == np.int64
    assert np.shares_memory(x, stream)


def test_what_is_no_stream():
    with pytest.raises(DataError, match=r"3 tokens and the next need a stream of 4 or more, got 3"):
        next_tokens([1, 2, 3], 3)
    with pytest.raises(DtypeError, match="tokens are integers, got float32"):
        next_tokens([1.0, 2.0], 1)
    with pytest.raises(ShapeError, match=r"\(t,\), got \(1, 2\)"):
        next_tokens([[1, 2]], 1)
    for length, stride in ((0, None), (1, 0)):
        with pytest.raises(ArgumentError, match="next_tokens"):
            next_tokens([1, 2], length, stride)


def test_texts_of_many_lengths_make_batches_with_masks():
    vocabulary = Vocabulary(map(words, ["a b c", "b c", "c"]))
    data = Sequences([vocabulary.encode(words(t), ends=True) for t in ("a b", "c")], [0, 1], fill=vocabulary.pad)
    ((text, lengths, _),) = DataLoader(data, 2)
    assert text.tolist() == [[2, 6, 5, 3], [2, 4, 3, 0]]
    past = gradus.arange(text.shape[1]) >= lengths[:, None]  # as key_padding_mask has it
    assert past.tolist() == (text == vocabulary.pad).tolist() == [[False] * 4, [False, False, False, True]]


# -- files -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be"])
def test_a_text_is_read_whatever_its_lines_end_with(tmp_path, encoding):
    path = tmp_path / "a.txt"
    path.write_bytes("é one\r\ntwo\rthree\n".encode(encoding))
    assert read_text(path) == "é one\ntwo\nthree\n"
    path.write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    assert read_text(path) == "é one\ntwo\nthree\n"


def test_other_encodings_are_said_or_refused(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("Ça va bien, Élise ? «\xa0Très bien\xa0!\xa0»".encode("cp1252"))
    with pytest.warns(DataWarning, match=r"a.txt: it is no UTF-8 and read as cp1252, as in 'Ça'") as caught:
        assert read_text(path).startswith("Ça va")
    assert caught[0].filename == __file__
    path.write_bytes("Привет".encode("koi8-r"))
    with pytest.raises(DataError, match=r"a.txt, line 1: byte 0xf0 is no UTF-8, and what else"):
        read_text(path)
    assert read_text(path, "koi8-r") == "Привет"
    with pytest.raises(DataError, match=r"byte 0xf0 is no ASCII\. Give another encoding="):
        read_text(path, "ascii")


def test_texts_in_folders_and_in_files_of_lines(tmp_path):
    for kind, texts in (("pos", ["good\n", "fine"]), ("neg", ["bad"])):
        (tmp_path / kind / "more").mkdir(parents=True)
        for i, text in enumerate(texts):
            (tmp_path / kind / ("more" if i else ".") / f"{i}.txt").write_text(text)
    (tmp_path / ".hidden").write_text("x")
    (tmp_path / "README").write_text("beside the folders: not looked at")
    found = read_texts(tmp_path)
    assert found.texts == ("bad", "good\n", "fine") and found.classes == ("neg", "pos")
    assert found.labels.tolist() == [0, 1, 1] and found.labels.dtype == np.int64
    lines = tmp_path / "lines"
    lines.mkdir()
    (lines / "pos.txt").write_text("good\n\nfine\n")
    (lines / "neg.txt.gz").write_bytes(gzip.compress(b"bad", mtime=0))
    assert read_texts(lines).texts == ("bad", "good", "fine") and read_texts(lines).classes == ("neg", "pos")


def test_folders_without_texts(tmp_path):
    with pytest.raises(DataError, match="holds no folders and no files"):
        read_texts(tmp_path)
    (tmp_path / "a").mkdir()
    with pytest.raises(DataError, match="a holds no texts"):
        read_texts(tmp_path)
    (tmp_path / "b.txt").write_text("x")
    with pytest.raises(DataError, match=r"is no folder.*read_text"):
        read_texts(tmp_path / "b.txt")


def test_a_real_text(gradus_data):
    text = read_text(gradus_data / "text" / "tinyshakespeare.txt")[:200_000]
    pairs = BytePairs.train(text, 300)
    numbers = pairs.encode(text)
    assert pairs.decode(numbers) == text and 0.4 < len(numbers) / len(text) < 0.6
    assert {b" the", b" and", b"ing"} < set(pairs.tokens(range(256, len(pairs))))
    poems = json.dumps(json.loads(read_text(gradus_data / "text" / "shijing.json"))[:40], ensure_ascii=False)
    assert pairs.decode(pairs.encode(poems)) == poems
    reviews = read_texts(gradus_data / "sentiment")
    assert np.bincount(reviews.labels).tolist() == [5331, 5331] and len(reviews.texts) == 10662
    vocabulary = Vocabulary(map(words, reviews.texts), min_count=2)
    assert vocabulary.tokens[4:7] == (".", "the", ",") and vocabulary.counts["film"] > 1000
