"""Generative adversarial networks: searched by what they draw, never by their losses."""

from .entry import KID, PUBLISHED, SPACES, CatalogEntry, Published

GANS = {
    "dcgan": CatalogEntry(
        summary="DCGAN, searched by the kernel distance of its images",
        spaces={"default": f"{SPACES}.gan:dcgan", PUBLISHED: f"{SPACES}.gan:dcgan_published"},
        metrics={"kid": "minimize"},
        metric_callbacks=KID,
        published=Published({"latent_dim": 100, "lr": 2e-4}, epochs=150, batch_size=64),
    ),
}
