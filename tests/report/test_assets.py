from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def build_assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The build script, pointed at a folder of its own."""
    spec = importlib.util.spec_from_file_location("build_assets", ROOT / "scripts" / "build_assets.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    frontend, dist = tmp_path / "frontend", tmp_path / "dist"
    (frontend / "src").mkdir(parents=True)
    for name in (".npmrc", "build.mjs", "package.json", "package-lock.json", "src/charts.js"):
        (frontend / name).write_text(name)
    made = (dist / "charts.js",)
    for name, value in {"FRONTEND": frontend, "DIST": dist, "STAMP": dist / "stamp", "MADE": made}.items():
        monkeypatch.setattr(module, name, value)
    return module


def fill(module: ModuleType) -> None:
    module.DIST.mkdir(exist_ok=True)
    module.MADE[0].write_text("made")
    module.STAMP.write_text(module.inputs_hash())


def test_outputs_that_fit_their_inputs_are_not_built_again(
    build_assets: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(build_assets)
    build_assets.main([])
    assert capsys.readouterr().out == "charts: up to date\n"


@pytest.mark.parametrize("name", ["package-lock.json", "src/charts.js", "build.mjs"])
def test_a_changed_input_asks_for_a_build(build_assets: ModuleType, name: str) -> None:
    fill(build_assets)
    (build_assets.FRONTEND / name).write_text("changed")
    assert not build_assets.is_current()


def test_a_missing_output_asks_for_a_build(build_assets: ModuleType) -> None:
    assert not build_assets.is_current()
    fill(build_assets)
    build_assets.MADE[0].unlink()
    assert not build_assets.is_current()


def test_the_lock_names_no_download_address() -> None:
    text = (ROOT / "frontend" / "package-lock.json").read_text()
    assert '"resolved"' not in text
    assert "://" not in text.replace("https://opencollective.com", "").replace("https://github.com/sponsors", "")


def test_the_notice_names_what_the_bundle_carries() -> None:
    notice = (ROOT / "NOTICE").read_text()
    for name in ("Apache ECharts", "ZRender", "V8"):
        assert name in notice
