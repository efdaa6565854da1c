"""Training: the Trainer, metrics, callbacks, histories, checkpoints, and the folders of runs."""

from . import metrics
from .callbacks import Callback, EarlyStopping, LambdaCallback, Plateau, SaveBest
from .checkpoint import load, save
from .history import History
from .metrics import Metric
from .pretrain import features, fit_unsupervised, pretrain_autoencoder, pretrain_dbn, train_rbm
from .run import Run
from .trainer import LOSSES, Trainer
from .transfer import transferred

__all__ = [
    "LOSSES",
    "Callback",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "Metric",
    "Plateau",
    "Run",
    "SaveBest",
    "Trainer",
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
