"""What a file is that holds weights in another framework's form, and the line there that writes one gradus reads."""

from __future__ import annotations

_THERE = "from safetensors.torch import save_file; save_file(model.state_dict(), 'model.safetensors')"
_KERAS = "numpy.savez('model.npz', *model.get_weights())"
_LOADED = "gradus.load('model.safetensors')"
_TABLE = b"\x57\xfb\x80\x8b\x24\x75\x47\xdb"  # with which the index of TensorFlow's checkpoints ends
TENSORFLOW = (
    f"It is a checkpoint of TensorFlow's. There: model.load_weights(path); {_KERAS}; here: numpy.load('model.npz')."
)


def foreign(content: bytes, name: str = "") -> str:
    """What is said of a file that is no safetensors file, by how it begins; empty where that says nothing.

    >>> foreign(b"PK\\x03\\x04 archive/data.pkl")[:34]
    "It is a file of PyTorch's torch.sa"
    """
    head = content[:4096]
    if head.startswith(b"PK\x03\x04"):
        return _archive(content)
    if head.startswith(b"\x89HDF\r\n\x1a\n"):
        return f"It is a file of HDF5, as Keras writes. There: {_KERAS}; here: numpy.load('model.npz')."
    if head.startswith(b"\x93NUMPY"):
        return "It is an array of NumPy's. Here: gradus.as_tensor(numpy.load(path))."
    if head[:1] == b"\x80" and head[1:2] in b"\x02\x03\x04\x05":
        return (
            "It is a pickle, as older torch.save wrote; reading one runs code that is in it. Where it was made: "
            f"{_THERE}; here: {_LOADED}."
        )
    if content.endswith(_TABLE) or ".data-00000-of-" in name:
        return TENSORFLOW
    if head.lstrip()[:1] in (b"{", b"["):
        return "It is text, as of a configuration; the weights lie in another file, model.safetensors."
    return ""


def _archive(content: bytes) -> str:
    if b"data.pkl" in content:
        return f"It is a file of PyTorch's torch.save. There: {_THERE}; here: {_LOADED}."
    if b"model.weights.h5" in content or b"metadata.json" in content:
        return f"It is a file of Keras. There: {_KERAS}; here: numpy.load('model.npz')."
    if b".npy" in content:
        return "It is an archive of NumPy's. Here: {name: gradus.as_tensor(a) for name, a in numpy.load(path).items()}."
    return "It is an archive. Unpack it."
