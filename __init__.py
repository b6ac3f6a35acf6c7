"""Latentune: search, train and use small representation-learning models.

    import latentune

    study = latentune.search("conv-ae", "digits", trials=20)
    latentune.train("conv-ae-digits")
    model = latentune.load_model("conv-ae-digits")

Names are imported when they are first used, so that `latentune --help` answers at once.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .models.autoencoder import ConvAutoencoder as ConvAutoencoder
    from .models.head import HeadClassifier as HeadClassifier
    from .models.kde import LatentKDE as LatentKDE
    from .models.mixture import LatentMixture as LatentMixture
    from .models.vae import VAE as VAE
    from .objectives.data import ImageData as ImageData
    from .objectives.objective import Objective as Objective
    from .storage.best import Best as Best
    from .studies.allowed import allow as allow
    from .studies.results import load_best as load_best
    from .studies.results import load_model as load_model
    from .studies.running.search import search as search
    from .studies.spec import StudySpec as StudySpec
    from .studies.uses.compare import compare as compare
    from .studies.uses.interpolate import interpolate as interpolate
    from .studies.uses.maps import draw_maps as draw_maps
    from .studies.uses.sample import sample as sample
    from .studies.uses.train import train as train

_HOMES = {
    "VAE": ".models.vae",
    "Best": ".storage.best",
    "ConvAutoencoder": ".models.autoencoder",
    "HeadClassifier": ".models.head",
    "ImageData": ".objectives.data",
    "LatentKDE": ".models.kde",
    "LatentMixture": ".models.mixture",
    "Objective": ".objectives.objective",
    "StudySpec": ".studies.spec",
    "allow": ".studies.allowed",
    "compare": ".studies.uses.compare",
    "draw_maps": ".studies.uses.maps",
    "interpolate": ".studies.uses.interpolate",
    "load_best": ".studies.results",
    "load_model": ".studies.results",
    "sample": ".studies.uses.sample",
    "search": ".studies.running.search",
    "train": ".studies.uses.train",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'latentune' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name], __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
