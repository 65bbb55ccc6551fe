"""Photos of 12 megapixels through the real service, all queued at once, against a bare decode-resize-encode."""

from __future__ import annotations

import argparse
import hashlib
import http.client
import io
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

from PIL import Image

from bench.place import Place, cluster, machine, schema
from bench.submit import free_port
from gridsvc import accounts

SIDE, QUALITY = 2560, 82
AT_ONCE = 2


def make(folder: Path, n: int) -> list[Path]:
    """So many different photos of 4000 by 3000 pixels, 2-3 MB each, as a phone's camera makes them."""
    noise = Image.effect_noise((1000, 750), 60).resize((4000, 3000), Image.Resampling.BICUBIC)
    slopes = [Image.radial_gradient("L").resize((4000, 3000)), Image.linear_gradient("L").resize((4000, 3000))]
    made = []
    for i in range(n):
        picture = Image.merge("RGB", (noise, *slopes))
        picture.paste((i * 5 % 256, i % 256, 99), (40 * (i % 90), 100, 40 * (i % 90) + 400, 500))
        path = folder / f"{i}.jpg"
        picture.save(path, "JPEG", quality=90)
        made.append(path)
    return made


def bare(path: Path) -> int:
    """What Pillow alone does to one photo."""
    out = io.BytesIO()
    with Image.open(path) as picture:
        picture.thumbnail((SIDE, SIDE), Image.Resampling.BICUBIC)
        picture.save(out, "JPEG", quality=QUALITY)
    return len(out.getvalue())


def bare_all(paths: list[Path]) -> float:
    """Photos a second, with as many processes as the service uses, which are warm."""
    with get_context("spawn").Pool(AT_ONCE) as pool:
        pool.map(bare, paths[:AT_ONCE], chunksize=1)
        began = time.perf_counter()
        pool.map(bare, paths, chunksize=1)
        return len(paths) / (time.perf_counter() - began)


class Memory(threading.Thread):
    """The most memory that a process and all it started had at once, shared pages counted once (PSS), in MB."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._ended = threading.Event()
        self.rest_mb = self.most_mb = self.own_mb = 0.0

    def run(self) -> None:
        """Looks twenty times a second."""
        while not self._ended.wait(0.05):
            sizes = [_pss_mb(pid) for pid in _tree(self._pid)]
            self.rest_mb = self.rest_mb or sum(sizes)
            self.most_mb = max(self.most_mb, sum(sizes))
            self.own_mb = max(self.own_mb, sizes[0])

    def end(self) -> None:
        """Stops looking."""
        self._ended.set()
        self.join()


def _tree(pid: int) -> list[int]:
    found = [pid]
    for one in found:
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                found += [int(child) for child in task.read_text().split()]
            except OSError:
                continue
    return found


def _pss_mb(pid: int) -> float:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


def send(port: int, token: str, path: Path) -> int:
    """The status of one PUT, which waits for its turn."""
    content = path.read_bytes()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    with closing(connection):
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "image/jpeg"}
        connection.request("PUT", f"/api/v1/photos/{hashlib.sha256(content).hexdigest()}", content, headers)
        return connection.getresponse().status


def ours(place: Place, token: str, paths: list[Path], folder: Path) -> tuple[float, Memory]:
    """Photos a second and memory of the real service, all photos sent at the same time."""
    port = free_port()
    env = {
        "GRIDSVC_DATABASE_URL": place.app_url,
        "GRIDSVC_SCHEMA": place.schema,
        "GRIDSVC_PHOTO_DIR": str(folder / "kept"),
        "PATH": "/usr/bin:/bin",
    }
    process = subprocess.Popen([sys.executable, "-m", "gridsvc", "serve", "--port", str(port)], env=env)
    memory = Memory(process.pid)
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).read()
                break
            except OSError:
                time.sleep(0.1)
        with ThreadPoolExecutor(len(paths)) as pool:
            list(pool.map(lambda path: send(port, token, path), paths[:AT_ONCE]))  # workers start
            memory.start()
            began = time.perf_counter()
            statuses = list(pool.map(lambda path: send(port, token, path), paths[AT_ONCE:]))
            per_s = len(statuses) / (time.perf_counter() - began)
        assert set(statuses) == {201}, set(statuses)
        memory.end()
    finally:
        process.terminate()
        process.wait(30)
    return per_s, memory


def main() -> None:
    """Runs the comparison, bare before and after."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=50)
    size = parser.parse_args()
    print(f"photos: {size.photos} of 4000 x 3000 pixels, all sent at once, {AT_ONCE} decoded at once; {machine()}")
    beside = Path.cwd() / ".gridsvc"  # on the disk where photos lie, not in memory
    beside.mkdir(exist_ok=True)
    with cluster() as urls, tempfile.TemporaryDirectory(dir=beside) as name:
        folder = Path(name)
        paths = make(folder, size.photos + AT_ONCE)
        first = bare_all(paths[AT_ONCE:])
        with schema(urls, "bench") as place:
            with place.begin() as db:
                accounts.create(db, login="bench", name="bench", role="planner", password=uuid.uuid4().hex)
                token = accounts.issue_bearer(db, "bench", "bench", datetime.now(UTC), timedelta(hours=1)).token
            per_s, memory = ours(place, token, paths, folder)
        second = bare_all(paths[AT_ONCE:])
    print(f"  bare decode-resize-encode {first:6.2f} photos/s before, {second:6.2f} after")
    print(f"  the service               {per_s:6.2f} photos/s, thumbnail, files and rows included")
    print(f"  service / bare = {per_s / max(first, second):.2f} (goal >= 0.8)")
    print(f"  most memory {memory.most_mb:.0f} MB with all children, {memory.own_mb:.0f} MB its own (goal <= 400)")


if __name__ == "__main__":
    main()
