"""Using trained networks and data: `predict`, `encode`, `sample`, `map`, `compare` and others."""
