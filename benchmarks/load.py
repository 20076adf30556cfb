"""Twenty users at once: time to the verdict, mix-ups, errors and memory.

    python -m benchmarks.load --users 20 --minutes 10 [--training]

Starts the app and a session for each user, which speaks Streamlit's protocol itself: 20 browsers would need far more
CPU time than the server. Each user uploads an image of its own, waits for the verdict, checks that the size of the
image shown is that of its image, clears the study and pauses for 5 to 25 seconds. Each image has another size, so a
mix-up shows. With --training, the app trains a network on synthetic images meanwhile.
"""

import argparse
import io
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

import numpy as np
import psutil
import requests
from PIL import Image
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

from fracture_core.phantom import PhantomSettings, draw_phantom, write_phantom_dataset
from fracture_core.runs import process as run_process
from fracture_core.runs.config import TrainingConfig
from fracture_core.runs.run import ACTIVE_STATUSES, Run

ROOT = Path(__file__).resolve().parents[1]

# Seconds after which an answer counts as missing.
_TIMEOUT = 120


def make_image(number: int) -> tuple[bytes, int]:
    """Return a PNG of a width that no other user has, and the width."""
    width, height = 640 + 8 * number, 800 + 4 * number
    pixels = draw_phantom(number % 6, "leg", number % 2 == 1, (height, width)).pixels
    file = io.BytesIO()
    Image.fromarray(np.asarray(pixels)).save(file, "PNG")
    return file.getvalue(), width


class User:
    """One session.

    Args:
        url: address of the app.
        number: number of the user.
    """

    def __init__(self, url: str, number: int):
        self._url, self._number = url, number
        self._content, self._width = make_image(number)
        self._http = requests.Session()
        self._session = ""
        self.times: list[float] = []
        self.errors: list[str] = []

    def work(self, until: float) -> None:
        """Analyse the image again and again.

        Args:
            until: time at which the last round begins, see `time.monotonic`.
        """
        chance = random.Random(self._number)
        time.sleep(chance.uniform(0, 10))
        try:
            with self._connect() as connection:
                connection.send(_rerun().SerializeToString())
                seen = self._receive(connection)
                while time.monotonic() < until:
                    start = time.monotonic()
                    uploaded = self._upload(connection, seen.uploader)
                    connection.send(uploaded.SerializeToString())
                    seen = self._receive(connection)
                    if seen.width is None:
                        self.errors.append("no image was shown")
                    elif seen.width != self._width:
                        self.errors.append(f"an image {seen.width} pixels wide is shown")
                    self.times.append(time.monotonic() - start)
                    self._clear(connection, seen.new_study, uploaded)
                    seen = self._receive(connection)
                    time.sleep(chance.uniform(5, 25))
        except Exception as error:  # noqa: BLE001 - counted
            self.errors.append(f"{type(error).__name__}: {str(error)[:100]}")

    def _connect(self) -> ClientConnection:
        self._http.get(f"{self._url}/_stcore/health", timeout=_TIMEOUT).raise_for_status()
        cookies = self._http.cookies.get_dict()
        return connect(
            f"{self._url.replace('http', 'ws', 1)}/_stcore/stream",
            subprotocols=["streamlit", cookies.get("_streamlit_xsrf", "none")],  # type: ignore[list-item]
            additional_headers={"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())},
            max_size=None,
        )

    def _receive(self, connection: ClientConnection) -> "_RunMessages":
        """Read messages until the script has finished."""
        seen = _RunMessages()
        until = time.monotonic() + _TIMEOUT
        while time.monotonic() < until:
            message = ForwardMsg()
            data = connection.recv(timeout=_TIMEOUT)
            assert isinstance(data, bytes)
            message.ParseFromString(data)
            seen.take(message)
            kind = message.WhichOneof("type")
            if kind == "new_session" and message.new_session.initialize.session_id:
                self._session = message.new_session.initialize.session_id
            elif kind == "script_finished":
                return seen
        raise TimeoutError("the script did not finish")

    def _upload(self, connection: ClientConnection, uploader: str) -> BackMsg:
        """Upload the image; return the message that reruns the script with it."""
        ask = BackMsg()
        ask.file_urls_request.request_id = "1"
        ask.file_urls_request.file_names.append("image.png")
        ask.file_urls_request.session_id = self._session
        connection.send(ask.SerializeToString())
        urls = None
        while urls is None:
            message = ForwardMsg()
            data = connection.recv(timeout=_TIMEOUT)
            assert isinstance(data, bytes)
            message.ParseFromString(data)
            if message.WhichOneof("type") == "file_urls_response":
                urls = message.file_urls_response.file_urls[0]
        self._http.put(
            self._url + urls.upload_url,
            files={"file": ("image.png", self._content, "image/png")},
            headers={"X-Xsrftoken": self._http.cookies.get("_streamlit_xsrf", "")},
            timeout=_TIMEOUT,
        ).raise_for_status()
        message = _rerun()
        state = message.rerun_script.widget_states.widgets.add()
        state.id = uploader
        info = state.file_uploader_state_value.uploaded_file_info.add()
        info.file_id, info.name, info.size = urls.file_id, "image.png", len(self._content)
        info.file_urls.CopyFrom(urls)
        return message

    def _clear(self, connection: ClientConnection, button: str, uploaded: BackMsg) -> None:
        """Press *New study*."""
        message = BackMsg()
        message.CopyFrom(uploaded)
        state = message.rerun_script.widget_states.widgets.add()
        state.id, state.trigger_value = button, True
        connection.send(message.SerializeToString())


class _RunMessages:
    """What the messages of one run contained: ids of widgets, and the width of the image."""

    def __init__(self) -> None:
        self.uploader = self.new_study = ""
        self.width: int | None = None

    def take(self, message: ForwardMsg) -> None:
        """Read one message."""
        element = message.delta.new_element
        kind = element.WhichOneof("type")
        if kind == "file_uploader" and element.file_uploader.label.startswith("Images"):
            self.uploader = element.file_uploader.id
        elif kind == "button" and element.button.label == "New study":
            self.new_study = element.button.id
        elif kind == "exception":
            raise RuntimeError(element.exception.message)
        elif kind == "bidi_component" and (
            found := re.search(rb'"film": ?\{[^}]*?"width": ?(\d+)', message.SerializeToString())
        ):
            self.width = int(found[1])


def _rerun() -> BackMsg:
    message = BackMsg()
    message.rerun_script.query_string = ""
    return message


def main() -> None:
    """Start the app and print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--training", action="store_true", help="train a network meanwhile")
    args = parser.parse_args()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    training: Run | None = None
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "SECOND_LOOK_RUNS": folder, "HOME": folder, "TMPDIR": folder}
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
        server = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
        )
        url = f"http://127.0.0.1:{port}"
        try:
            _wait(url)
            if args.training:
                training = _start_training(Path(folder))
            process = psutil.Process(server.pid)
            users = [User(url, number) for number in range(args.users)]
            before, cpu = process.memory_info().rss, process.cpu_times()
            until = time.monotonic() + 60 * args.minutes
            threads = [threading.Thread(target=user.work, args=(until,)) for user in users]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            used = process.cpu_times()
            times = np.array([seconds for user in users for seconds in user.times])
            seconds = used.user + used.system - cpu.user - cpu.system
            print(f"{args.users} users, {args.minutes:g} minutes: {len(times)} answers")
            if len(times):
                print(
                    "p50 {:.1f} s, p95 {:.1f} s, longest {:.1f} s".format(*np.quantile(times, (0.5, 0.95, 1)))
                )
                print(f"server: {seconds:.0f} s of CPU time, {seconds / len(times):.2f} s for an answer")
            print(f"memory: {before >> 20} MB before, {process.memory_info().rss >> 20} MB after")
            errors = [error for user in users for error in user.errors]
            print(f"errors: {len(errors)}", *errors[:10], sep="\n  ")
            if training is not None:
                print(f"training: {len(training.epochs())} epochs, {training.state().status}")
        finally:
            # An interrupted run has no process: its number 0 would mean this one and its children.
            if training is not None and (pid := training.state().pid):
                os.kill(pid, signal.SIGKILL)
            server.terminate()
            server.wait(30)


def _start_training(runs: Path) -> Run:
    """Start a training that outlasts the measurement, and wait for its first epoch."""
    write_phantom_dataset(runs / "images", PhantomSettings(count=200))
    config = TrainingConfig(
        str(runs / "images"), "mobilenet_v2", size=224, epochs=1000, batch=16, patience=1000
    )
    run = run_process.create_and_start(runs, "beside", config)
    while not run.epochs():
        if run.state().status not in ACTIVE_STATUSES:
            raise SystemExit(f"The training ended: {run.state().message}")
        time.sleep(1)
    return run


def _wait(url: str) -> None:
    for _ in range(240):
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                return
        except OSError:
            time.sleep(0.5)
    raise SystemExit("the app did not start")


if __name__ == "__main__":
    main()
