"""Networks that start from principal components: where they begin, and that they keep it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

import latentune
from latentune import VAE, Autoencoder, TensorData
from latentune.models.linear_path import leave_out_components
from latentune.models.networks.network_tables import NETWORKS
from latentune.objectives.trainer import fit, quiet_trainer

CODES = {"pooled": 16, "residual": 16, "resnet": 16}


def untrained(model: Any, data: TensorData) -> Any:
    """Fits a model with a learning rate at which nothing is learned."""
    fit(quiet_trainer(1, []), model, data)
    return model.cpu().eval()


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("normalize", [False, True])
def test_every_network_begins_where_principal_components_end(
    network: str, normalize: bool
) -> None:
    data = TensorData("digits", normalize=normalize)
    x = data.splits.train.inputs.float()
    model = Autoencoder(data.spec, CODES.get(network, 8), network, 0.25, linear_path=True).eval()
    assert model.linear_path is not None
    model.linear_path.fit(x)
    rows = x.flatten(1).numpy()
    pca = PCA(CODES.get(network, 8), random_state=0).fit(rows)
    expected = pca.inverse_transform(pca.transform(rows)).clip(0, 1)  # as pixels are
    with torch.no_grad():
        np.testing.assert_allclose(model(x).flatten(1), expected, atol=2e-5)


def test_a_table_is_reconstructed_in_its_own_units() -> None:
    data = TensorData("wine")
    model = untrained(Autoencoder(data.spec, 3, "dense", linear_path=True, lr=1e-12), data)
    rows = data.splits.train.inputs.numpy()
    mean, std = rows.mean(0), rows.std(0)
    pca = PCA(3).fit((rows - mean) / std)
    test = data.splits.test.inputs.numpy()
    expected = pca.inverse_transform(pca.transform((test - mean) / std)) * std + mean
    with torch.no_grad():
        np.testing.assert_allclose(model(torch.from_numpy(test)), expected, rtol=1e-3, atol=1e-3)


def test_a_vae_begins_as_probabilistic_pca() -> None:
    data = TensorData("digits")
    model = untrained(VAE(data.spec, 8, linear_path=True, lr=1e-12), data)
    pca = PCA(8).fit(data.splits.train.inputs.flatten(1).numpy())
    test = data.splits.test.inputs.float()
    model.train()  # pixels are only then not cut off at 0 and 1
    with torch.no_grad():
        likelihood = model.log_likelihood(test, 200).mean().item()
        elbo = -sum(term.mean().item() for term in model.elbo_terms(test))
    expected = pca.score(test.flatten(1).numpy())
    assert likelihood == pytest.approx(expected, abs=0.05)
    assert elbo == pytest.approx(expected, abs=0.5)
    with pytest.raises(ValueError, match="must be gaussian for a linear_path"):
        VAE(data.spec, 8, likelihood="bernoulli", linear_path=True)


def test_more_codes_than_items_or_features_are_left_at_zero() -> None:
    np.save("few.npy", np.random.default_rng(0).normal(size=(12, 5)))
    data = TensorData("few.npy")
    model = untrained(Autoencoder(data.spec, 9, "dense", linear_path=True, lr=1e-12), data)
    with torch.no_grad():
        codes = model.encode(data.splits.train.inputs)
        np.testing.assert_allclose(
            model(data.splits.train.inputs), data.splits.train.inputs, atol=1e-3
        )
    assert codes[:, 5:].abs().max() < 1e-9


def test_a_network_that_goes_on_keeps_its_components() -> None:
    data = TensorData("digits", batch_size=300)
    model = Autoencoder(data.spec, 4, "dense", width=0.25, linear_path=True)
    fit(quiet_trainer(1, []), model, data)
    assert model.linear_path is not None
    before = model.linear_path.decoder.clone()
    other = Autoencoder(data.spec, 4, "dense", width=0.25, linear_path=True)
    other.load_state_dict(model.state_dict())
    fit(quiet_trainer(1, []), other, TensorData("digits", only=["3"], batch_size=30))
    assert other.linear_path is not None
    assert torch.equal(other.linear_path.decoder, before)


@pytest.mark.parametrize("rows", [40, 4000])
def test_the_first_trial_starts_from_components_if_items_are_few(rows: int) -> None:
    np.save("rows.npy", np.random.default_rng(0).normal(size=(rows, 10)))
    study = latentune.search("deep-ae", "rows.npy", trials=1, epochs=1)
    assert study.trials[0].params["linear_path"] is (rows == 40)
    fixed = {"linear_path": str(rows != 40)}
    other = latentune.search("deep-ae", "rows.npy", trials=1, epochs=1, name="b", ranges=fixed)
    assert other.trials[0].params["linear_path"] is (rows != 40)


@pytest.mark.parametrize("items", [200, 600])
def test_images_need_fewer_items_to_start_without_components(items: int) -> None:
    np.save("images.npy", np.random.default_rng(0).random((items, 8, 8)).astype("float32"))
    study = latentune.search("conv-ae", "images.npy", trials=1, epochs=1)
    assert study.trials[0].params["linear_path"] is (items == 200)


def test_a_classifier_from_scratch_does_not_begin_with_zeros() -> None:
    x = torch.rand(4, 1, 8, 8)
    data = TensorData("digits").spec
    plain = Autoencoder(data, 3)
    assert leave_out_components(plain) is plain
    for model in (Autoencoder(data, 3, linear_path=True), VAE(data, 3, linear_path=True)):
        without: Any = leave_out_components(model)
        assert without.linear_path is None
        with torch.no_grad():
            assert without.encode(x).std(0).min() > 1e-3


def test_items_that_are_all_alike_have_no_components() -> None:
    np.save("alike.npy", np.full((20, 8, 8), 0.5, dtype="float32"))
    data = TensorData("alike.npy")
    model = untrained(Autoencoder(data.spec, 3, linear_path=True, lr=1e-12), data)
    with torch.no_grad():
        assert (model(data.splits.test.inputs) - 0.5).abs().max() < 1e-3


def test_few_rows_with_many_columns_are_searched_as_well_as_by_components() -> None:
    rng = np.random.default_rng(0)
    mixtures = rng.normal(size=(60, 3)) @ rng.normal(size=(3, 200))
    np.save("spectra.npy", mixtures + rng.normal(0, 0.01, (60, 200)))
    study = latentune.search(
        "deep-ae", "spectra.npy", trials=1, epochs=2, ranges={"latent_dim": "3:3"}
    )
    found = latentune.train(study.study_name, epochs=5, pictures="none").metrics
    assert found["test_mse"] < 1.1 * found["test_mse_pca"]  # of one trial with default options
    assert latentune.load_model("deep-ae-spectra").linear_path is not None
    report = latentune.export_network("deep-ae-spectra", "model.onnx")
    assert Path("model.onnx").exists()
    assert report.difference.size < 1e-2
