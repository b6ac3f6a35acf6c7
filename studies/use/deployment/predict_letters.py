"""Runs an exported network: python predict.py model.onnx TEXT."""

import json
import sys
import unicodedata

import numpy as np
import onnxruntime


def main() -> None:
    """Prints a line of JSON for each text."""
    session = onnxruntime.InferenceSession(sys.argv[1])
    facts = {k: json.loads(v) for k, v in session.get_modelmeta().custom_metadata_map.items()}
    (length,) = facts["inputs"][0]["shape"]
    rows = np.zeros((len(sys.argv) - 2, length), np.int64)
    for row, text in zip(rows, sys.argv[2:], strict=True):
        letters = unicodedata.normalize("NFKC", text)
        plain = "".join(facts["spellings"].get(letter, letter) for letter in letters).strip()
        known = [facts["letters"].index(one) + 1 for one in plain if one in facts["letters"]]
        if not known:
            raise SystemExit(f"{text!r} has no letter that is known")
        row[: len(known)] = known[:length]
    classes, probabilities = session.run(["class", "probabilities"], {"letters": rows})
    for text, number, shares in zip(sys.argv[2:], classes, probabilities, strict=True):
        print(
            json.dumps(
                {
                    "text": text,
                    "class": facts["classes"][number],
                    "probability": float(shares[number]),
                }
            )
        )


if __name__ == "__main__":
    main()
