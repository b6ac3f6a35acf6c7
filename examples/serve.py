"""Serves a classifier of images: `pip install fastapi[standard]`, then `fastapi run serve.py`."""

import json
from typing import Annotated

import numpy as np
import onnxruntime
from fastapi import Body, FastAPI, HTTPException

app, session = FastAPI(), onnxruntime.InferenceSession("model.onnx")
facts = {k: json.loads(v) for k, v in session.get_modelmeta().custom_metadata_map.items()}
(port,), maximum = facts["inputs"], facts.get("pixel_maximum", 1)


@app.post("/predict")
def predict(images: Annotated[list, Body()]) -> list[dict]:
    """Returns the class of each image; an image is a nested list of pixels."""
    try:
        pixels = np.array(images, dtype=float).reshape(-1, *port["shape"])
    except ValueError as error:
        raise HTTPException(422, f"an image has the shape {port['shape']}") from error
    if not ((pixels >= 0) & (pixels <= maximum)).all():
        raise HTTPException(422, f"give {port['meaning']}")
    (shares,) = session.run(["probabilities"], {port["name"]: pixels.astype(port["dtype"])})
    return [{"class": facts["classes"][p.argmax()], "probability": float(p.max())} for p in shares]
