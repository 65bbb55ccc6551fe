"""The process that makes pictures: it loads the decoders once, and forks a child for every picture.

It never looks at a picture itself. Each child gives up all rights before it reads the first byte, sees one picture,
writes one answer and ends: what a hostile file does to it can reach neither the next picture nor anything else.
"""

from __future__ import annotations

import gc
import json
import os
import socket
from pathlib import Path
from typing import Any

from geodata.errors import FileRefused, GeodataError
from geodata.files.lockdown import lock_down
from geodata.pictures import render
from geodata.pictures.answer import pack, pack_error
from geodata.pictures.shapes import Rules

_ORDER_BYTES = 64 * 1024
_NICER = 5  # who waits for words on a busy machine goes before a picture


def main(folder: str, control_fd: int) -> None:
    """Serves orders until the other end of the control socket is closed.

    An order is one message: JSON, with two descriptors, the picture to read and the pipe to answer into. It is answered
    with the child's exit status (4 bytes), once the child is gone.
    """
    os.nice(_NICER)
    render.prepare()
    gc.collect()
    gc.freeze()  # what is loaded stays shared with the children instead of being copied page by page
    with socket.socket(fileno=control_fd) as control:
        while True:
            order, descriptors, _, _ = socket.recv_fds(control, _ORDER_BYTES, 2)
            if not order or len(descriptors) != 2:
                os._exit(0)
            source, answer_to = descriptors
            status = _fork(Path(folder), json.loads(order), source, answer_to, control)
            control.sendall(status.to_bytes(4, "big"))


def _fork(folder: Path, order: dict[str, Any], source: int, answer_to: int, control: socket.socket) -> int:
    child = os.fork()
    if child == 0:
        try:
            control.close()
            _serve(folder, order, source, answer_to)
        finally:
            os._exit(1)
    os.close(source)
    os.close(answer_to)
    return os.waitpid(child, 0)[1] & 0xFFFF


def _serve(folder: Path, order: dict[str, Any], source: int, answer_to: int) -> None:
    guards = lock_down(folder, order["memory_bytes"], order["cpu_s"])
    content = _answer(order, source, guards)
    with os.fdopen(answer_to, "wb") as out:
        out.write(content)
    # No destructors: what a hostile file has left in a library has no more say.
    os._exit(0)


def _answer(order: dict[str, Any], source: int, guards: list[str]) -> bytes:
    try:
        rules = Rules(**order["rules"])
        with os.fdopen(source, "rb") as sent:  # read into the call alone: it lets go of the bytes once they are decoded
            if order["boxes"] is None:
                return pack(render.render(sent.read(), rules), guards)
            return pack(render.paint(sent.read(), [tuple(box) for box in order["boxes"]], rules), guards)
    except GeodataError as error:
        return pack_error(error)
    except MemoryError:
        return pack_error(FileRefused("photo_needs_too_much_memory", limit_mb=order["memory_bytes"] // 2**20))
    except BaseException as error:
        # A library's own error on a picture nobody foresaw must still be a refusal.
        return pack_error(FileRefused("photo_broken", cause=f"{type(error).__name__}: {error}"[:160]))
