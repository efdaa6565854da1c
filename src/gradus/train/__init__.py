"""Training: the Trainer, metrics, callbacks, histories, checkpoints, and the folders of runs."""

from typing import TYPE_CHECKING

from ..names.elsewhere import door as _door
from ..names.options import understood_all as _understood_all
from . import metrics
from .cross_validation import CrossValidation, cross_validate
from .fitting.callbacks import Callback, EarlyStopping, LambdaCallback, Plateau, SaveBest
from .fitting.interrupt import Terminated
from .fitting.pretrain import features, fit_unsupervised, pretrain_autoencoder, pretrain_dbn, train_rbm
from .fitting.stages import Stages
from .fitting.trainer import LOSSES, Trainer
from .metrics import Metric
from .predictor import Predictor
from .runs.checkpoint import load, save
from .runs.history import History
from .runs.run import Run
from .transfer import transferred

__all__ = [
    "LOSSES",
    "Callback",
    "CrossValidation",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "Metric",
    "Plateau",
    "Predictor",
    "Run",
    "SaveBest",
    "Stages",
    "Terminated",
    "Trainer",
    "cross_validate",
    "features",
    "fit_unsupervised",
    "load",
    "metrics",
    "pretrain_autoencoder",
    "pretrain_dbn",
    "save",
    "train_rbm",
    "transferred",
]

_understood_all(globals(), __all__)

if not TYPE_CHECKING:  # type checkers know the names, and find misspelt ones
    __getattr__ = _door("train")
