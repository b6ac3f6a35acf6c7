"""Names of torchvision architectures that can be an encoder. This file does not import torch."""

ARCHITECTURES = {
    **dict.fromkeys(("alexnet", "vgg16"), "classifier.6"),
    "googlenet": "fc",
    **dict.fromkeys(("resnet18", "resnet34", "resnet50", "resnet101", "resnet152"), "fc"),
    "squeezenet1_0": "classifier.1",
}
"""The name of the last layer of each architecture. A predictor replaces this layer."""
