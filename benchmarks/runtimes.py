"""Time, memory and agreement of the runtimes that could run an exported network.

python -m benchmarks.runtimes [--images N] [--rounds N]

Networks: the shipped model, and `four_block`, `inception` and `mobilenet_v2` with random weights. Runtimes: LiteRT;
ONNX Runtime with the same file converted by tf2onnx; OpenVINO, which reads the same file, in single precision and in
the precision it chooses. ONNX Runtime, tf2onnx and OpenVINO are not dependencies of the app: pip install onnxruntime
tf2onnx openvino. Each measurement is a new process. "First answer" includes the import of the runtime. The logit is
compared with that of Keras on the reference pattern.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RUNTIMES = ("litert", "onnxruntime", "openvino", "openvino-auto")
NETWORKS = ("shipped", "four_block", "inception", "mobilenet_v2")


def main() -> None:
    """Print one row for each network, runtime and number of threads."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        file, runtime, threads = options.measure
        print(json.dumps(measure(Path(file), runtime, int(threads), options.images)))
        return
    print(
        f"{'network':<14}{'runtime':<15}{'threads':>7}{'first, CPU s':>14}{'image, CPU ms':>15}{'image, wall ms':>16}"
        f"{'memory, MB':>12}{'logit error':>13}"
    )
    with tempfile.TemporaryDirectory() as folder:
        for network in NETWORKS:
            file, logit = export(network, Path(folder))
            for runtime in RUNTIMES:
                for threads in (1, 2):
                    _print_row(network, file, logit, runtime, threads, options)


def export(network: str, folder: Path) -> tuple[Path, float]:
    """Export a network as a LiteRT and an ONNX file.

    Returns:
        The LiteRT file, and Keras' logit of the reference pattern.
    """
    from fracture_core import paths
    from fracture_core.registry.network_export import export_network
    from fracture_core.registry.reference_prediction import reference_input, reference_logit
    from fracture_core.registry.store import SHIPPED_MODEL, ModelStore
    from fracture_core.zoo import find_architecture
    from fracture_core.zoo.quiet_keras import load_keras

    load_keras()
    if network == "shipped":
        card, model = ModelStore(paths.models_dir()).load(SHIPPED_MODEL)
        name, layer, spec = card.architecture, card.heatmap_layer, card.input
    else:
        architecture = find_architecture(network)
        name, layer, spec = network, architecture.heatmap_layer, architecture.input
        model = architecture.build(spec)
    path = folder / f"{network}.tflite"
    export_network(model, name, layer, spec, path)
    np.save(path.with_suffix(".npy"), reference_input(spec))
    files = ["--tflite", str(path), "--output", str(path.with_suffix(".onnx"))]
    command = [sys.executable, "-m", "tf2onnx.convert", *files, "--opset", "17"]
    subprocess.run(command, capture_output=True, check=False)
    return path, reference_logit(model, spec)


def measure(file: Path, runtime: str, threads: int, images: int) -> dict[str, float]:
    """Measure one runtime in this process.

    Args:
        file: The LiteRT file; the ONNX file and the reference pattern are beside it.
        runtime: One of `RUNTIMES`.
        threads: Threads of one call.
        images: Calls after the first.

    Returns:
        CPU seconds to the first answer, CPU and wall milliseconds of a later one, peak memory in MB, and the logit.
    """
    image = np.load(file.with_suffix(".npy"))
    start = time.process_time()
    predict = _LOADERS[runtime](file, threads)
    logit = predict(image)
    first = time.process_time() - start
    walls, start = [], time.process_time()
    for _ in range(images):
        begin = time.perf_counter()
        predict(image)
        walls.append(time.perf_counter() - begin)
    cpu = (time.process_time() - start) / images
    return {
        "first": first,
        "cpu": 1e3 * cpu,
        "wall": 1e3 * statistics.median(walls),
        "memory": _peak_memory() / 1024,
        "logit": logit,
    }


def _peak_memory() -> int:
    """Peak memory of this process in kB. `getrusage` would count that of the parent process before the start, too."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


def _litert(file: Path, threads: int) -> Callable[[NDArray[np.float32]], float]:
    from fracture_core.registry.exported_network import ExportedNetwork

    network = ExportedNetwork(file, threads)
    return lambda image: network.run(image[0]).logit


def _onnxruntime(file: Path, threads: int) -> Callable[[NDArray[np.float32]], float]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        file.with_suffix(".onnx"), options, providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name
    return lambda image: min(_logits(session.run(None, {name: image})))


def _openvino(file: Path, threads: int, precision: str = "f32") -> Callable[[NDArray[np.float32]], float]:
    import openvino

    options = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}
    if precision:
        options["INFERENCE_PRECISION_HINT"] = precision
    compiled = openvino.Core().compile_model(openvino.Core().read_model(file), "CPU", options)
    return lambda image: min(_logits(list(compiled(image).values())))


def _logits(outputs: list[NDArray[np.float32]]) -> list[float]:
    """Outputs of one value; converters rename outputs, and the logit is the only one of this size."""
    return [float(output.ravel()[0]) for output in outputs if output.size == 1]


_LOADERS: dict[str, Callable[[Path, int], Callable[[NDArray[np.float32]], float]]] = {
    "litert": _litert,
    "onnxruntime": _onnxruntime,
    "openvino": _openvino,
    "openvino-auto": lambda file, threads: _openvino(file, threads, ""),
}


def _print_row(
    network: str, file: Path, logit: float, runtime: str, threads: int, options: argparse.Namespace
) -> None:
    results = []
    for _ in range(options.rounds):
        command = [sys.executable, "-m", "benchmarks.runtimes", "--images", str(options.images), "--measure"]
        done = subprocess.run(
            [*command, str(file), runtime, str(threads)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            reason = done.stderr.strip().splitlines()[-1][:80]
            print(f"{network:<14}{runtime:<15}{threads:>7}  not measured: {reason}", flush=True)
            return
        results.append(json.loads(done.stdout))
    first, cpu, wall, memory = (
        statistics.median(result[name] for result in results) for name in ("first", "cpu", "wall", "memory")
    )
    error = abs(results[0]["logit"] - logit)
    print(
        f"{network:<14}{runtime:<15}{threads:>7}{first:>14.2f}{cpu:>15.1f}{wall:>16.1f}{memory:>12.0f}{error:>13.1e}",
        flush=True,
    )


if __name__ == "__main__":
    main()
