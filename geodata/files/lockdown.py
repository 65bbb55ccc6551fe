"""Takes away from this very process all that a reader of one file does not need.

Linux only has the strong measures; elsewhere the limits of `resource` are what there is. Each measure that the kernel
grants is named in the list that `lock_down` gives back, so that nobody has to believe it.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import struct
import sys
from pathlib import Path

NOBODY_ID = 65534

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2
_SIGKILL = 9

# Landlock has the same numbers on every architecture.
_LANDLOCK_CREATE_RULESET = 444
_LANDLOCK_ADD_RULE = 445
_LANDLOCK_RESTRICT_SELF = 446
_LANDLOCK_VERSION_FLAG = 1
_LANDLOCK_RULE_PATH_BENEATH = 1
_LANDLOCK_READ = 0b1100  # read a file, list a folder
# What each version of the interface can deny about files: the bits up to make_sym, then refer, truncate, ioctl_dev.
_LANDLOCK_FILE_BITS = {1: 13, 2: 14, 3: 15, 4: 15}
_LANDLOCK_FILE_BITS_NEWEST = 16
_LANDLOCK_NETWORK_BITS = 0b11  # bind and connect TCP, from version 4
_LANDLOCK_SCOPE_BITS = 0b11  # abstract sockets and signals beyond this process, from version 6

_EPERM, _ENOSYS = 1, 38
_CLONE_THREAD = 0x00010000
_RET_ALLOW, _RET_ERRNO, _RET_KILL = 0x7FFF0000, 0x00050000, 0x80000000

# Kernel calls denied, with their numbers on x86-64 and on ARM64 (None: that one has no such call): sockets, other
# programs, other processes, name spaces and mounts, files by handle, keys, and ways around this very filter.
_DENIED: dict[str, tuple[int, int | None]] = {
    "socket": (41, 198),
    "connect": (42, 203),
    "bind": (49, 200),
    "socketpair": (53, 199),
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "kill": (62, 129),
    "tkill": (200, 130),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "unshare": (272, 97),
    "setns": (308, 268),
    "chroot": (161, 51),
    "pivot_root": (155, 41),
    "mount": (165, 40),
    "umount2": (166, 39),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "mount_setattr": (442, 442),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
    "perf_event_open": (298, 241),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
}
# Audit number of the processor, clone, clone3, place of its number in a pair above.
_PROCESSORS = {"x86_64": (0xC000003E, 56, 435, 0), "aarch64": (0xC00000B7, 220, 435, 1)}
# Numbers from here on belong to a second interface (x32) that would slip past the ones above.
_FOREIGN = 0x40000000


def lock_down(folder: Path, memory_bytes: int, cpu_s: int) -> list[str]:
    """The measures now in force, by name. Nothing after this call can undo them.

    - "rlimits": at most `memory_bytes` of address space and `cpu_s` of CPU; no file grows, 64 open files, no core dump.
    - "uid": root has become nobody, without groups (only where the process was root).
    - "landlock:N": the kernel opens no path outside `folder` and writes none inside; no TCP, no signals to others.
    - "seccomp": no socket, no other program, no new process, no tracing; threads stay allowed.

    `folder` must hold all that will be read from now on, the data of PROJ included. Must run before threads start.
    """
    measures = [_limit(memory_bytes, cpu_s)]
    if os.geteuid() == 0 and _become_nobody():
        measures.append("uid")
    if sys.platform != "linux":
        return measures
    libc = ctypes.CDLL(None, use_errno=True)
    _prctl(libc, _PR_SET_PDEATHSIG, _SIGKILL)
    _prctl(libc, _PR_SET_DUMPABLE, 0)
    if _prctl(libc, _PR_SET_NO_NEW_PRIVS, 1):
        version = _landlock(libc, folder)
        if version:
            measures.append(f"landlock:{version}")
        if _seccomp(libc):
            measures.append("seccomp")
    return measures


def _limit(memory_bytes: int, cpu_s: int) -> str:
    for what, soft, hard in (
        (resource.RLIMIT_AS, memory_bytes, memory_bytes),
        # A second apart: the soft bound ends the process with a signal of its own, the hard one with a bare SIGKILL.
        (resource.RLIMIT_CPU, cpu_s, cpu_s + 1),
        (resource.RLIMIT_FSIZE, 0, 0),
        (resource.RLIMIT_NOFILE, 64, 64),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        most = resource.getrlimit(what)[1]
        if most != resource.RLIM_INFINITY:
            soft, hard = min(soft, most), min(hard, most)
        resource.setrlimit(what, (soft, hard))
    return "rlimits"


def _become_nobody() -> bool:
    # A container may run as root without the right to become somebody else; Landlock and seccomp still hold then.
    try:
        os.setgroups([])
        os.setresgid(NOBODY_ID, NOBODY_ID, NOBODY_ID)
        os.setresuid(NOBODY_ID, NOBODY_ID, NOBODY_ID)
    except PermissionError:
        return False
    return True


def _prctl(libc: ctypes.CDLL, option: int, value: int) -> bool:
    return int(libc.prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0))) == 0


def _landlock(libc: ctypes.CDLL, folder: Path) -> int:
    version = int(libc.syscall(_LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), _LANDLOCK_VERSION_FLAG))
    if version < 1:
        return 0
    files = (1 << _LANDLOCK_FILE_BITS.get(version, _LANDLOCK_FILE_BITS_NEWEST)) - 1
    attributes = struct.pack("=Q", files)
    if version >= 4:
        attributes += struct.pack("=Q", _LANDLOCK_NETWORK_BITS)
    if version >= 6:
        attributes += struct.pack("=Q", _LANDLOCK_SCOPE_BITS)
    ruleset = int(libc.syscall(_LANDLOCK_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0))
    if ruleset < 0:
        return 0
    place = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        rule = struct.pack("=Qi", _LANDLOCK_READ, place)
        added = libc.syscall(_LANDLOCK_ADD_RULE, ruleset, _LANDLOCK_RULE_PATH_BENEATH, rule, 0)
        held = added == 0 and libc.syscall(_LANDLOCK_RESTRICT_SELF, ruleset, 0) == 0
    finally:
        os.close(place)
        os.close(ruleset)
    return version if held else 0


def _seccomp(libc: ctypes.CDLL) -> bool:
    processor = _PROCESSORS.get(platform.machine())
    if processor is None:
        return False
    program = _filter(*processor)
    code = ctypes.create_string_buffer(program, len(program))

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))

    described = Program(len(program) // 8, ctypes.addressof(code))
    return int(libc.prctl(_PR_SET_SECCOMP, ctypes.c_ulong(_SECCOMP_MODE_FILTER), ctypes.byref(described), 0, 0)) == 0


def _filter(audit: int, clone: int, clone3: int, place: int) -> bytes:
    """A classic BPF program: each step is (operation, jump if true, jump if false, value), little-endian."""
    load, equal, at_least, has_bits, give = 0x20, 0x15, 0x35, 0x45, 0x06
    steps = [
        (load, 0, 0, 4),
        (equal, 1, 0, audit),
        (give, 0, 0, _RET_KILL),
        (load, 0, 0, 0),
        (at_least, 0, 1, _FOREIGN),
        (give, 0, 0, _RET_KILL),
        # glibc falls back from clone3, whose flags a filter cannot see, to clone, whose flags it can.
        (equal, 0, 1, clone3),
        (give, 0, 0, _RET_ERRNO | _ENOSYS),
        (equal, 0, 4, clone),
        (load, 0, 0, 16),
        (has_bits, 0, 1, _CLONE_THREAD),
        (give, 0, 0, _RET_ALLOW),
        (give, 0, 0, _RET_ERRNO | _EPERM),
    ]
    for pair in _DENIED.values():
        number = pair[place]
        if number is not None:
            steps += [(equal, 0, 1, number), (give, 0, 0, _RET_ERRNO | _EPERM)]
    steps.append((give, 0, 0, _RET_ALLOW))
    return b"".join(struct.pack("<HBBI", *step) for step in steps)
