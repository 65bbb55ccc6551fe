"""Numbers by which somebody could be found, however they are written, and what stays beside them."""

from __future__ import annotations

import pytest

from gridsvc.rules import masking

HIDDEN = (
    *(
        "138 - 1234 - 5678",
        "138/1234/5678",
        "138，1234，5678",
        "138_1234_5678",
        "138·1234·5678",
        "138\u20111234\u20115678",
    ),
    *("138\n1234\n5678", "138  - 12345678", "1 3 8 1 2 3 4 5 6 7 8", "１３８１２３４５６７８", "0774：382 1234"),
    *("一三八一二三四五六七八", "幺三八 一二三四 五六七八", "①③⑧①②③④⑤⑥⑦⑧", "44040119900101123X"),
)
KEPT = (
    *(
        "2026-11-01 10:30",
        "2026.11.01、2026.11.02",
        "3幢2单元501室",
        "3幢501室，4幢502室",
        "8:30-9:30停水",
        "三楼五户十二人",
    ),
    *("1月2日到3月4日", "12345", "2026-11-01, 3幢501室"),
)


@pytest.mark.parametrize("number", HIDDEN)
def test_a_number_is_hidden_however_it_is_written(number: str) -> None:
    assert masking.numbers(f"打{number}找张三") == "打****找张三"
    assert masking.numbers(f"2026-11-01 {number}") == "2026-11-01 ****"


def test_the_door_after_a_number_stays() -> None:
    assert masking.numbers("打138-1234-5678，3幢501室") == "打****，3幢501室"
    assert masking.numbers("13812345678号") == "****号"


@pytest.mark.parametrize("words", KEPT)
def test_days_and_doors_stay(words: str) -> None:
    assert masking.numbers(f"见{words}。") == f"见{words}。"
