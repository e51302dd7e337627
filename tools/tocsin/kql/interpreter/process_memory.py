"""How much memory the process holds, and has held at most, where the system says so."""

from __future__ import annotations

import os
import sys
from typing import Final

_SMALL: Final = 10
"""A process that has never held more than a tenth of what it may grow by counts from that: its size now would be dear
to ask for, and is no more than that tenth less."""

if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    class _Counters(ctypes.Structure):
        """PROCESS_MEMORY_COUNTERS of the Windows API."""

        _fields_ = (
            ("cb", wintypes.DWORD),
            ("PageFaultCount", wintypes.DWORD),
            ("PeakWorkingSetSize", ctypes.c_size_t),
            ("WorkingSetSize", ctypes.c_size_t),
            ("QuotaPeakPagedPoolUsage", ctypes.c_size_t),
            ("QuotaPagedPoolUsage", ctypes.c_size_t),
            ("QuotaPeakNonPagedPoolUsage", ctypes.c_size_t),
            ("QuotaNonPagedPoolUsage", ctypes.c_size_t),
            ("PagefileUsage", ctypes.c_size_t),
            ("PeakPagefileUsage", ctypes.c_size_t),
        )

    _KERNEL = ctypes.WinDLL("kernel32")
    _KERNEL.GetCurrentProcess.restype = wintypes.HANDLE
    _KERNEL.K32GetProcessMemoryInfo.argtypes = (wintypes.HANDLE, ctypes.POINTER(_Counters), wintypes.DWORD)

    def _counters() -> _Counters:
        """All zero where the system does not tell."""
        counters = _Counters(cb=ctypes.sizeof(_Counters))
        _KERNEL.K32GetProcessMemoryInfo(_KERNEL.GetCurrentProcess(), ctypes.byref(counters), counters.cb)
        return counters

    def largest_size() -> int:
        """The most memory that the process has held, in bytes."""
        return int(_counters().PeakPagefileUsage)

    def current_size() -> int | None:
        """The memory that the process holds now."""
        return int(_counters().PagefileUsage)

else:
    import resource

    _UNIT: Final = 1 if sys.platform == "darwin" else 1024

    def largest_size() -> int:
        """The most memory that the process has held, in bytes; on Linux no less than the process held that started it,
        on whose account it begins."""
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT

    def current_size() -> int | None:
        """The memory that the process holds now; None where nothing tells (macOS)."""
        try:
            file = os.open("/proc/self/statm", os.O_RDONLY)
        except OSError:
            return None
        try:
            return int(os.read(file, 128).split()[1]) * resource.getpagesize()
        finally:
            os.close(file)


class Headroom:
    """How far the process may grow from the size that it has now. Where nothing tells that size, the largest one that
    it has had takes its place: what was given back before may then be taken again unseen."""

    __slots__ = ("_largest", "_limit", "allowed")

    def __init__(self, allowed: int) -> None:
        """``allowed``: so many bytes."""
        self.allowed = allowed
        self._largest = largest_size()
        now = self._largest if self._largest <= allowed // _SMALL else current_size()
        self._limit = allowed + (self._largest if now is None else now)

    def is_used_up(self) -> bool:
        """Whether the process is larger than that, or was it in between."""
        largest = largest_size()
        if largest <= self._limit:
            return False
        if largest > self._largest:
            return True
        now = current_size()
        return now is not None and now > self._limit
