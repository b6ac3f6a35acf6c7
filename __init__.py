"""Latentune: search, train and use small representation-learning models.

    import latentune

    study = latentune.search("conv-ae", "digits", trials=20)
    latentune.train("conv-ae-digits")
    model = latentune.load_model("conv-ae-digits")

Names are imported when they are first used, so that `latentune --help` answers at once.
"""

from importlib import import_module

# Nothing else is imported here: `python -m` looks in the working folder first until `__main__`.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from .models.autoencoder import Autoencoder as Autoencoder
    from .models.data_spec import DataSpec as DataSpec
    from .models.densities.kde import LatentKDE as LatentKDE
    from .models.densities.mixture import LatentMixture as LatentMixture
    from .models.embedder import Embedder as Embedder
    from .models.gan import GAN as GAN
    from .models.learner import Learner as Learner
    from .models.predictor import Predictor as Predictor
    from .models.vae import VAE as VAE
    from .objectives.data.tensor_data import TensorData as TensorData
    from .objectives.objective import Objective as Objective
    from .storage.best_toml import Best as Best
    from .studies.check.confirm import confirm as confirm
    from .studies.check.doctor import doctor as doctor
    from .studies.check.verify import verify as verify
    from .studies.search.run_search import search as search
    from .studies.study.checkpoint_lookup import load_model as load_model
    from .studies.study.module_trust import allow as allow
    from .studies.study.study_lookup import load_best as load_best
    from .studies.study.study_spec import StudySpec as StudySpec
    from .studies.training.train import train as train
    from .studies.transfer.export import export as export
    from .studies.transfer.import_ import import_ as import_
    from .studies.use.anomalies import anomalies as anomalies
    from .studies.use.compare import compare as compare
    from .studies.use.compress import compress as compress
    from .studies.use.encode import encode as encode
    from .studies.use.interpolate import interpolate as interpolate
    from .studies.use.map import map as map
    from .studies.use.predict import predict as predict
    from .studies.use.probe import probe as probe
    from .studies.use.sample import sample as sample
    from .studies.use.show import show as show

_HOMES = {
    "Embedder": ".models.embedder",
    "GAN": ".models.gan",
    "VAE": ".models.vae",
    "Best": ".storage.best_toml",
    "Autoencoder": ".models.autoencoder",
    "DataSpec": ".models.data_spec",
    "LatentKDE": ".models.densities.kde",
    "LatentMixture": ".models.densities.mixture",
    "Learner": ".models.learner",
    "Objective": ".objectives.objective",
    "TensorData": ".objectives.data.tensor_data",
    "Predictor": ".models.predictor",
    "StudySpec": ".studies.study.study_spec",
    "allow": ".studies.study.module_trust",
    "anomalies": ".studies.use.anomalies",
    "compare": ".studies.use.compare",
    "compress": ".studies.use.compress",
    "confirm": ".studies.check.confirm",
    "doctor": ".studies.check.doctor",
    "map": ".studies.use.map",
    "encode": ".studies.use.encode",
    "export": ".studies.transfer.export",
    "import_": ".studies.transfer.import_",
    "interpolate": ".studies.use.interpolate",
    "load_best": ".studies.study.study_lookup",
    "load_model": ".studies.study.checkpoint_lookup",
    "predict": ".studies.use.predict",
    "probe": ".studies.use.probe",
    "sample": ".studies.use.sample",
    "search": ".studies.search.run_search",
    "show": ".studies.use.show",
    "train": ".studies.training.train",
    "verify": ".studies.check.verify",
}

_RENAMED = {
    "ConvAutoencoder": "Autoencoder",
    "HeadClassifier": "Predictor",
    "ImageData": "TensorData",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> object:
    if name in _RENAMED:
        raise ImportError(f"latentune.{name} is now {_RENAMED[name]}", name="latentune")
    if name not in _HOMES:
        raise AttributeError(f"module 'latentune' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name], __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
