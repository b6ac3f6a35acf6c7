"""The total correlation, the IWAE bound and the VampPrior of a VAE, and its likelihood."""

import itertools
import math

import numpy as np
import pytest
import torch
from torch.distributions import MultivariateNormal, Normal

from latentune import VAE, DataSpec
from latentune.models.losses.total_correlation import total_correlation

IMAGES = DataSpec((1, 8, 8))
X = torch.rand(6, 1, 8, 8)


def test_the_total_correlation_of_normal_codes_is_the_closed_form() -> None:
    torch.manual_seed(0)
    covariance = torch.tensor([[1.0, 0.8], [0.8, 1.0]])
    means = MultivariateNormal(torch.zeros(2), covariance - 0.15 * torch.eye(2)).sample((3000,))
    log_variance = torch.full_like(means, math.log(0.15))
    z = means + 0.15**0.5 * torch.randn_like(means)
    found = total_correlation(z, means, log_variance).item()
    assert found == pytest.approx(-math.log(1 - 0.8**2) / 2, abs=0.05)
    assert total_correlation(z[:, :1], means[:, :1], log_variance[:, :1]).abs() < 1e-5


def test_a_weight_of_the_total_correlation_changes_the_loss_by_it() -> None:
    torch.manual_seed(0)
    model = VAE(IMAGES, 4, beta_tc=3.0)
    terms = model.terms([X])
    expected = terms["reconstruction"] + terms["kl"] + 2 * terms["total_correlation"]
    torch.testing.assert_close(model.loss(terms), expected)
    assert "total_correlation" not in VAE(IMAGES, 4).terms([X])


def test_the_bound_lies_between_the_elbo_and_the_likelihood() -> None:
    torch.manual_seed(0)
    model = VAE(IMAGES, 4, importance_samples=8)
    with torch.no_grad():
        rows = [model.terms([X]) for _ in range(30)]
        likelihood = model.log_likelihood(X, 3000).mean().item()
    elbo, bound = (np.mean([float(row[name]) for row in rows]) for name in ("elbo", "bound"))
    assert elbo < bound < likelihood
    assert model.loss(rows[0]) == -rows[0]["bound"]
    with pytest.raises(ValueError, match="must be 1 if importance_samples"):
        VAE(IMAGES, 4, beta=2.0, importance_samples=8)


def test_the_likelihood_is_the_integral_over_the_codes() -> None:
    torch.manual_seed(0)
    data = DataSpec((1, 2, 2))
    model = VAE(data, 1, network="dense", likelihood="bernoulli", width=0.1)
    images = torch.tensor(list(itertools.product([0.0, 1.0], repeat=4))).view(16, 1, 2, 2)
    grid = torch.linspace(-8, 8, 4001)[:, None]
    with torch.no_grad():
        decoded = model.decode(grid).flatten(1)
        flat = images.flatten(1)
        logs = flat @ decoded.log().T + (1 - flat) @ (1 - decoded).log().T
        weights = Normal(0.0, 1.0).log_prob(grid[:, 0]) + math.log(16 / 4000)
        exact = (logs + weights).logsumexp(1)
        found = model.log_likelihood(images, 20_000)
    assert exact.exp().sum().item() == pytest.approx(1, abs=1e-3)
    torch.testing.assert_close(found, exact, atol=0.02, rtol=0)


def test_a_learned_prior_is_the_mixture_of_its_posteriors() -> None:
    torch.manual_seed(0)
    model = VAE(IMAGES, 3, pseudo_inputs=7)
    assert model.vamp_prior is not None
    z = torch.randn(5, 3)
    with torch.no_grad():
        mean, log_variance = model.posterior(model.vamp_prior.pseudo_inputs)
        parts = Normal(mean, (log_variance / 2).exp()).log_prob(z[:, None]).sum(2)
        expected = parts.logsumexp(1) - math.log(7)
        torch.testing.assert_close(model._log_prior(z), expected)
        np.testing.assert_allclose(model.prior().log_density(z.numpy()), expected, rtol=1e-4)
        mean, log_variance = model.posterior(X)
        posterior = Normal(mean, (log_variance / 2).exp())
        samples = posterior.sample((4000,))
        exact = posterior.log_prob(samples).sum(2).mean(0)
        prior = torch.stack([model._log_prior(one) for one in samples.unbind(1)], 1).mean(0)
        kl = torch.stack([model.elbo_terms(X)[1] for _ in range(2000)]).mean(0)
    torch.testing.assert_close(kl, exact - prior, atol=0.1, rtol=0.05)
    model.terms([X])["kl"].backward()
    assert model.vamp_prior.pseudo_inputs.grad is not None
