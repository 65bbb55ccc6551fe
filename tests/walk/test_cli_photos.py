"""`gridsvc photos clean` as an operator runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from geodata.pictures.studio import Studio
from gridsvc import photos
from gridsvc.photo_files import Files
from gridsvc.rules.roles import ANONYMOUS
from tests import photographs
from tests.conftest import ROOT, Fresh


def test_cleaning_is_planned_done_and_told(fresh: Fresh, tmp_path: Path) -> None:
    content = photographs.jpeg(photographs.scene(96, 64))
    sent = tmp_path / "sent"
    sent.write_bytes(content)
    env = fresh.env() | {"GRIDSVC_PHOTO_DIR": str(tmp_path / "photos")}

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "gridsvc", "photos", "clean", *more]
        return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)

    empty = run("--json")
    assert empty.returncode == 0, empty.stderr
    assert json.loads(empty.stdout)["n_files"] == 0
    files = Files(tmp_path / "photos" / fresh.schema)
    old = datetime.now(UTC) - timedelta(days=3)
    with Studio(1) as studio, fresh.begin() as db:
        made, sha = studio.render(sent), photos.digest(photographs.sha256(content))
        photo, _ = photos.save(db, files, sha, made, len(content), ANONYMOUS, old, ZoneInfo("UTC"))
    planned = run("--dry-run", "--json")
    told = json.loads(planned.stdout)
    assert (told["dry_run"], told["n_unused"], told["n_files"], told["missing"]) == (True, 1, 2, [])
    assert files.picture(photo.file_sha256).exists()
    done = run()
    assert done.returncode == 0, done.stderr
    assert "1 that no report shows" in done.stdout
    assert not files.picture(photo.file_sha256).exists()
    assert not files.thumb(photo.file_sha256).exists()
    with fresh.begin() as db:
        assert photos.known(db, sha) is None
    (files.folder / "belongs-to").write_text("somebody else")
    foreign = run()
    assert foreign.returncode == 4
    assert "another database" in foreign.stderr
