"""Writes RESULTS.md from what the programs of `run` have shown: python3 table.py FOLDER."""
import re
import sys
from datetime import date
from pathlib import Path

NAMES = {"shiplap": "Shiplap", "microflow": "MicroFlow", "tflm": "TFLM, CMSIS-NN"}
MODELS = {
    "sine": "sine, 3 dense layers",
    "speech": "speech, a convolution",
    "kws": "keywords, DS-CNN",
    "ad01": "anomalies, autoencoder",
    "sww": "wake word",
    "resnet8": "ResNet-8",
}


def read(file):
    text = file.read_text()
    found = {name: int(number) for name, number in re.findall(r"^(\w+): (\d+)", text, re.MULTILINE)}
    found["stack"] = int(re.search(r"^prediction: (\d+) bytes", text, re.MULTILINE)[1])
    found["instructions"] = int(re.search(r"^prediction: (\d+) instructions", text, re.MULTILINE)[1])
    found["cycles"] = re.findall(r"^region: .*, (\d+) to (\d+) cycles", text, re.MULTILINE)[-1]
    sections = {name: int(size) for name, size in re.findall(r"^(\.\w+(?:\.\w+)*) +(\d+)", text, re.MULTILINE)}
    found["flash"] = sum(sections.get(name, 0) for name in [".vector_table", ".text", ".rodata", ".data"])
    found["statics"] = sum(sections.get(name, 0) for name in [".data", ".bss", ".uninit"])
    return found


def main(folder):
    print("# int8 engines on a Cortex-M4F\n")
    print(f"Written by `run` on {date.today()}; see [README.md](README.md).\n")
    print("| model | engine | flash, bytes | RAM, bytes | instructions | cycles, estimated | outputs unlike TFLite's |")
    print("|---|---|--:|--:|--:|--:|--:|")
    for model, title in MODELS.items():
        if not (folder / f"{model}.none.txt").exists():
            continue
        none = read(folder / f"{model}.none.txt")
        for engine, name in NAMES.items():
            file = folder / f"{model}.{engine}.txt"
            if not file.exists():
                continue
            it = read(file)
            ram = it["statics"] - none["statics"] + it["stack"] - none["stack"]
            unlike = f"{it['unlike']} of {it['inputs']}"
            if it["unlike"] and it["worst"]:
                unlike += f", by up to {it['worst']}"
            cycles = " to ".join(it["cycles"])
            print(
                f"| {title} | {name} | {it['flash'] - none['flash']} | {ram} | {it['instructions']} | {cycles} | {unlike} |"
            )


main(Path(sys.argv[1]))
