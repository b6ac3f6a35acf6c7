"""Latentune: search, train and use small representation-learning models.

    import latentune

    study = latentune.search("conv-ae", "digits", trials=20)
    latentune.train("conv-ae-digits")
    model = latentune.load_model("conv-ae-digits")

Names are imported when they are first used, so that `latentune --help` answers at once.
"""

from importlib import import_module

# Nothing else is imported here: `python -m` still finds files of the working directory first.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from .models.autoencoder import Autoencoder as Autoencoder
    from .models.data_spec import DataSpec as DataSpec
    from .models.densities.flow import LatentFlow as LatentFlow
    from .models.densities.kernels import LatentKDE as LatentKDE
    from .models.densities.mixture import LatentMixture as LatentMixture
    from .models.embedder import Embedder as Embedder
    from .models.errors import LatentuneError as LatentuneError
    from .models.gan import GAN as GAN
    from .models.learner import Learner as Learner
    from .models.predictor import Predictor as Predictor
    from .models.vae import VAE as VAE
    from .models.view_learner import ViewLearner as ViewLearner
    from .objectives.data.data_error import DataError as DataError
    from .objectives.data.sources.source import TableOptions as TableOptions
    from .objectives.data.tensor_data import TensorData as TensorData
    from .objectives.objective import Objective as Objective
    from .objectives.training_errors import MonitorError as MonitorError
    from .search_spaces.space_errors import SpaceError as SpaceError
    from .storage.database import DatabaseLostError as DatabaseLostError
    from .storage.storage_error import StorageError as StorageError
    from .studies.check.confirm import confirm as confirm
    from .studies.check.doctor import doctor as doctor
    from .studies.check.report.report import report as report
    from .studies.check.verify import verify as verify
    from .studies.search.ask_and_tell import ask as ask
    from .studies.search.ask_and_tell import tell as tell
    from .studies.search.pruning_callback import pruning_callback as pruning_callback
    from .studies.search.search import search as search
    from .studies.study.best import Best as Best
    from .studies.study.load_model import load_model as load_model
    from .studies.study.module_trust import allow as allow
    from .studies.study.study_error import StudyError as StudyError
    from .studies.study.study_spec import StudySpec as StudySpec
    from .studies.training.train import train as train
    from .studies.transfer.export import export as export
    from .studies.transfer.import_ import import_ as import_
    from .studies.use.anomalies import anomalies as anomalies
    from .studies.use.compare import compare as compare
    from .studies.use.compress import compress as compress
    from .studies.use.encode import encode as encode
    from .studies.use.estimators import LatentuneClassifier as LatentuneClassifier
    from .studies.use.estimators import LatentuneEncoder as LatentuneEncoder
    from .studies.use.estimators import LatentuneOutlierDetector as LatentuneOutlierDetector
    from .studies.use.estimators import LatentuneRegressor as LatentuneRegressor
    from .studies.use.export_network import export_network as export_network
    from .studies.use.interpolate import interpolate as interpolate
    from .studies.use.likelihood import likelihood as likelihood
    from .studies.use.map import map as map
    from .studies.use.predict import predict as predict
    from .studies.use.probe import probe as probe
    from .studies.use.sample import sample as sample
    from .studies.use.show import show as show
    from .studies.use.similar import similar as similar
    from .studies.use.traverse import traverse as traverse

_MODULES = {
    "Autoencoder": ".models.autoencoder",
    "Best": ".studies.study.best",
    "DataError": ".objectives.data.data_error",
    "DataSpec": ".models.data_spec",
    "DatabaseLostError": ".storage.database",
    "Embedder": ".models.embedder",
    "GAN": ".models.gan",
    "LatentFlow": ".models.densities.flow",
    "LatentKDE": ".models.densities.kernels",
    "LatentMixture": ".models.densities.mixture",
    "LatentuneError": ".models.errors",
    "LatentuneClassifier": ".studies.use.estimators",
    "LatentuneEncoder": ".studies.use.estimators",
    "LatentuneOutlierDetector": ".studies.use.estimators",
    "LatentuneRegressor": ".studies.use.estimators",
    "Learner": ".models.learner",
    "MonitorError": ".objectives.training_errors",
    "Objective": ".objectives.objective",
    "Predictor": ".models.predictor",
    "SpaceError": ".search_spaces.space_errors",
    "StorageError": ".storage.storage_error",
    "StudyError": ".studies.study.study_error",
    "StudySpec": ".studies.study.study_spec",
    "TableOptions": ".objectives.data.sources.source",
    "TensorData": ".objectives.data.tensor_data",
    "VAE": ".models.vae",
    "ViewLearner": ".models.view_learner",
    "allow": ".studies.study.module_trust",
    "anomalies": ".studies.use.anomalies",
    "ask": ".studies.search.ask_and_tell",
    "compare": ".studies.use.compare",
    "compress": ".studies.use.compress",
    "confirm": ".studies.check.confirm",
    "doctor": ".studies.check.doctor",
    "encode": ".studies.use.encode",
    "export": ".studies.transfer.export",
    "export_network": ".studies.use.export_network",
    "import_": ".studies.transfer.import_",
    "interpolate": ".studies.use.interpolate",
    "load_best": ".studies.study.best",
    "load_model": ".studies.study.load_model",
    "likelihood": ".studies.use.likelihood",
    "map": ".studies.use.map",
    "predict": ".studies.use.predict",
    "probe": ".studies.use.probe",
    "pruning_callback": ".studies.search.pruning_callback",
    "report": ".studies.check.report.report",
    "sample": ".studies.use.sample",
    "search": ".studies.search.search",
    "show": ".studies.use.show",
    "similar": ".studies.use.similar",
    "traverse": ".studies.use.traverse",
    "tell": ".studies.search.ask_and_tell",
    "train": ".studies.training.train",
    "verify": ".studies.check.verify",
}

__all__ = list(_MODULES)


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        return version(__name__)
    if name not in _MODULES:
        raise AttributeError(f"module 'latentune' has no attribute {name!r}")
    return getattr(import_module(_MODULES[name], __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
