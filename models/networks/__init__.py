"""Plain torch modules: encoders and their decoders, backbones of predictors, shared layers."""
