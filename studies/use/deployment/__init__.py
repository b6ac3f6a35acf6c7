"""Trained networks as files that other programs run: ONNX, torch.export and safetensors."""
