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
    # in groups as rooms have them, and of times and rooms the digits alone
    *("138/12/34/56/78", "13、812、345、678", "138、123、456、78", "382/12/34", "0774/382/123/4", "5-138-1234-5678"),
    *("13812345678、13912345678", "1:38:12:34:56:78", "1234/5678", "010-628-123-45", "12-3-4567-8901"),
    *("3/821/234", "38/21/234", "38/21/23/41", "3/8/2/1/2/3/4", "440401-2001-01-01-123X"),
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
    *("每天22:00-23:30施工噪音", "晚上8:30—17:30", "2026-11-01 20:30-22:30", "２２：００－２３：３０", "8∶30～17∶30"),
    *("2026-11-01T20:30:15+08:00", "时间：8:30-9:30、10:30-11:30", "11/1 8:30-11/3 17:30", "302，8:30-9:30吵"),
    *(
        "5-1-301、5-1-302",
        "301/302/303 漏水",
        "301，302，303",
        "301、302、303、304室",
        "1301/1302/1303",
        "5-1-301、302、303",
    ),
    *(
        "5-1-1301、5-1-1302",
        "15-1-301、15-1-302",
        "301-305、401-405",
        "9、10、11、12幢",
        "301/302/303 2026-11-01 22:00",
    ),
)


@pytest.mark.parametrize("number", HIDDEN)
def test_a_number_is_hidden_however_it_is_written(number: str) -> None:
    assert masking.numbers(f"打{number}找张三") == "打****找张三"
    assert masking.numbers(f"2026-11-01 {number}") == "2026-11-01 ****"


def test_what_stands_beside_a_number_stays() -> None:
    assert masking.numbers("8:30-9:30打138/1234/5678，22:00后不接") == "8:30-9:30打****，22:00后不接"
    # hours that begin a phone's number: without its end
    for hours, end in (("13:51-23:45-", "678"), ("13:51 23:45 ", "678"), ("13:51:23 ", "45678")):
        assert masking.numbers(f"电话{hours}{end}，22:00后不接") == f"电话{hours}****，22:00后不接"
    assert masking.numbers("13812345678 22:00-23:30") == "**** 22:00-23:30"
    assert masking.numbers("13812345678 2026-11-01") == "**** 2026-11-01"
    assert masking.numbers("22:00，138-1234-5678 2026-11-01") == "22:00，**** 2026-11-01"
    assert masking.numbers("打138-1234-5678，3幢501室") == "打****，3幢501室"
    assert masking.numbers("13812345678号") == "****号"


@pytest.mark.parametrize("words", KEPT)
def test_days_and_doors_stay(words: str) -> None:
    assert masking.numbers(f"见{words}。") == f"见{words}。"
