"""Plain torch modules: encoder-decoder pairs, backbones of predictors, and layers they share."""
