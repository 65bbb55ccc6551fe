"""Help is quick, complete and in the asked language; a wrong command line is answered, not traced."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from geodata.layer import ROLES as FIELD_ROLES
from gridsvc.cli import parser
from gridsvc.cli.main import main, pick_language
from gridsvc.i18n import LOCALES, catalogue
from tests.conftest import ROOT

COMMANDS = ("demo", "serve", "db", "import", "publish", "export", "users")
OPTIONS = (
    *("--crs", "--layer", "--code-field", "--name-field", "--lon-field", "--lat-field", "--x-field", "--y-field"),
    *("--number-field", "--time-field", "--category-field", "--state-field", "--closed-field", "--nearest-max-m"),
    *("--commit", "--replace", "--skip-refused", "--allow-repeats", "--json", "--errors"),
)


def helped(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main([*words, "--help"]) == 0
    return capsys.readouterr().out


def test_help_takes_under_a_second_and_loads_nothing_heavy() -> None:
    code = (
        "import sys, time; t = time.process_time(); from gridsvc.cli.main import main; code = main(['--help']);"
        "print(time.process_time() - t, sorted({m.split('.')[0] for m in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert float(done.stderr.split()[0]) < 1.0  # of its own: a machine may be busy
    assert not {"geopandas", "sqlalchemy", "pandas", "numpy", "fastapi", "pydantic"} & set(
        re.findall(r"\w+", done.stderr)
    )


@pytest.mark.parametrize("lang", LOCALES)
def test_help_names_every_command_option_and_exit_code(lang: str, capsys: pytest.CaptureFixture[str]) -> None:
    top = helped(capsys, "--lang", lang)
    for word in (*COMMANDS, "GRIDSVC_DATA_DIR", "GRIDSVC_DATABASE_URL", "GRIDSVC_PORT", "GRIDSVC_LANG", "130"):
        assert word in top
    for option in OPTIONS:
        assert f"{option} " in helped(capsys, "import", "--lang", lang)
    assert "--out " in helped(capsys, "export", "--lang", lang)
    for command in COMMANDS:
        text = helped(capsys, command, "--lang", lang)
        assert "cli." not in text, "a key without words"
        assert bool(re.search("[\u4e00-\u9fff]", text.replace("错误原因", ""))) == (
            lang == "zh" or "（" in text or command == "import"
        )


def test_the_language_is_known_before_the_command_line_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert pick_language(["import"], None) == "zh"
    assert pick_language(["--lang"], "en") == "en"
    assert main(["--lang", "en", "import", "stones", "x"]) == 2
    assert "is not one of" in capsys.readouterr().err
    assert main(["--lang", "zh", "import", "grids"]) == 2
    assert "缺少：FILE" in capsys.readouterr().err
    assert main(["--lang", "en"]) == 2
    assert main(["--lang", "en", "import", "grids", "x", "--comit"]) == 2
    assert "--comit" in capsys.readouterr().err


def test_every_field_of_a_kind_is_a_role_of_the_reader() -> None:
    assert {role for roles in parser.FIELDS_OF.values() for role in roles} <= FIELD_ROLES


def test_the_words_of_both_languages_have_the_same_keys_and_placeholders() -> None:
    zh, en = catalogue("zh"), catalogue("en")
    assert zh.keys() == en.keys()
    for key in zh:
        assert set(re.findall(r"\{(\w+)\}", zh[key])) == set(re.findall(r"\{(\w+)\}", en[key])), key
