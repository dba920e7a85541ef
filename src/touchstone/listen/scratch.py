"""A folder of its own for each import's working files; those of killed imports are cleared away by the next."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from filelock import FileLock, Timeout


@contextmanager
def own_folder(parent: Path) -> Iterator[Path]:
    """A fresh folder in `parent` for the time of the block.

    A lock beside it says that it is in use; the system lets go of it when its process dies, however that happens.
    """
    _clear_abandoned(parent)
    folder = parent / f"add-{uuid4().hex}"
    lock = _lock(folder)
    with lock:
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder)
            Path(lock.lock_file).unlink(missing_ok=True)


def _clear_abandoned(parent: Path) -> None:
    for path in parent.glob("add-*.lock"):
        lock = FileLock(path)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        shutil.rmtree(path.with_suffix(""), ignore_errors=True)
        path.unlink(missing_ok=True)
        lock.release()


def _lock(folder: Path) -> FileLock:
    return FileLock(folder.with_suffix(".lock"))
