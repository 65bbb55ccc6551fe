"""What offices call the states of a report, and what we do."""

from __future__ import annotations

from gridsvc.imports.rows import meanings, plain

_WORDS = {
    "reported": (
        *("reported", "open", "new", "received", "accepted", "acknowledged", "assigned", "dispatched", "in progress"),
        *("in process", "processing", "pending", "active", "unresolved", "reopened", "to do"),
        *("上报", "已上报", "新建", "登记", "已登记", "待受理", "受理", "已受理", "待核实", "待立案", "立案", "已立案"),
        *("待派遣", "派遣", "已派遣", "待处置", "处置中", "待处理", "处理中", "待办", "在办", "办理中", "未办结"),
        *("未结案", "未处理", "未完成", "未解决", "待核查", "待结案", "已反馈", "挂账", "延期", "督办中"),
        *("辦理中", "未辦結", "處理中"),
    ),
    "closed": (
        *("closed", "completed", "complete", "resolved", "fixed", "done", "finished", "solved", "archived"),
        *("办结", "已办结", "结案", "已结案", "完成", "已完成", "处理完成", "已处理", "已处置", "解决", "已解决"),
        *("已整改", "归档", "已归档", "销号", "已销号", "现场解决", "自行处置"),
        *("辦結", "已辦結", "結案", "已結案", "已處理"),
    ),
    "void": (
        *("void", "voided", "cancelled", "canceled", "invalid", "rejected", "withdrawn", "not valid", "spam"),
        *("作废", "已作废", "不予立案", "不予受理", "无效", "撤销", "已撤销", "退件", "作廢", "無效"),
    ),
}
_MEANINGS = meanings(_WORDS)
# Appended where one report repeats another; it is a report all the same.
_REPEAT_MARKS = (" - dup", " - duplicate", " (dup)", " (duplicate)", "(重复)", "（重复）")


def read(word: str) -> str | None:
    """The state that a word means, None where it is not known.

    >>> read("Completed"), read("Open - Dup"), read("已办结"), read("perhaps")
    ('closed', 'reported', 'closed', None)
    """
    bare = plain(word)
    for mark in _REPEAT_MARKS:
        bare = bare.removesuffix(mark)
    return _MEANINGS.get(bare)
