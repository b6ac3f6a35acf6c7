"""Architectures of torchvision that an encoder can have; this table imports no torch."""

ARCHITECTURES = {
    **dict.fromkeys(("alexnet", "vgg16"), "classifier.6"),
    "googlenet": "fc",
    **dict.fromkeys(("resnet18", "resnet34", "resnet50", "resnet101", "resnet152"), "fc"),
    "squeezenet1_0": "classifier.1",
}
"""The name of the last layer of each; the last layer of a predictor replaces it."""
