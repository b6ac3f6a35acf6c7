"""Generative adversarial networks: searched by their images, not by their losses."""

from .entry import KID, PUBLISHED, CatalogEntry, Published, spaces_of

GANS = {
    "dcgan": CatalogEntry(
        summary="DCGAN, searched by the kernel distance of its images",
        spaces=spaces_of("gan_spaces", "dcgan", PUBLISHED),
        metrics={"kid": "minimize"},
        metric_callbacks=KID,
        published=Published({"latent_dim": 100, "lr": 2e-4}, epochs=150, batch_size=64),
    ),
}
