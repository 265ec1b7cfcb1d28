"""A disk that loses what was not flushed: the model of a power failure.

A write is safe once its file was flushed, and a name (a new file, a rename, a deletion) once its directory was flushed.
Of all others, the failure keeps some by chance: of the writes any blocks of 4,096 bytes, of the names the first ones of
each directory. That is all that POSIX promises; most file systems lose less.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from tests.chaos.recording import Call

BLOCK = 4096
_CALLS_BY_NAME = ("open", "creat", "rename", "unlink", "mkdir", "rmdir", "link", "symlink", "truncate")


@dataclass
class _File:
    """The flushed content of a file, and the changes since: (offset, data), or (length, None) for a new length."""

    safe: bytearray = field(default_factory=bytearray)
    changes: list[tuple[int, bytes | None]] = field(default_factory=list)

    def flush(self) -> None:
        """Make every change safe."""
        for change in self.changes:
            _apply(self.safe, *change)
        self.changes.clear()

    def after_failure(self, chance: random.Random) -> bytes:
        """Return the content that a power failure leaves."""
        content, kept = bytearray(self.safe), chance.choice([0.0, 0.5, 1.0])
        for offset, data in self.changes:
            if data is None:
                if chance.random() < kept:
                    _apply(content, offset, None)
                continue
            for start in range(0, len(data), BLOCK):
                if chance.random() < kept:
                    _apply(content, offset + start, data[start : start + BLOCK])
        return bytes(content)


@dataclass
class _Directory:
    """The flushed names of a directory, its names now, and the changes since: a name and what it then means."""

    safe: dict[str, _Node] = field(default_factory=dict)
    now: dict[str, _Node] = field(default_factory=dict)
    changes: list[dict[str, _Node | None]] = field(default_factory=list)

    def change(self, names: dict[str, _Node | None]) -> None:
        """Change names in one step, as a rename does. None deletes the name."""
        _rename(self.now, names)
        self.changes.append(names)

    def flush(self) -> None:
        """Make every change safe."""
        for names in self.changes:
            _rename(self.safe, names)
        self.changes.clear()

    def after_failure(self, chance: random.Random) -> dict[str, _Node]:
        """Return the names that a power failure leaves."""
        names = dict(self.safe)
        for change in self.changes[: chance.choice([0, len(self.changes), chance.randint(0, len(self.changes))])]:
            _rename(names, change)
        return names


_Node: TypeAlias = _File | _Directory


class VolatileDisk:
    """The folder `root` of a disk. It begins with what is there, which is safe."""

    def __init__(self, root: Path) -> None:
        self._root_path = root
        self._root = _load(root)
        self._open: dict[int, list[int]] = {}  # the position in an open file, by descriptor

    def is_changed_by(self, call: Call) -> bool:
        """Return True if a call may change the disk, and not only open or flush a file."""
        return call.name not in {"openat", "lseek", "fsync", "fdatasync"} and self._concerns(call)

    def apply(self, call: Call) -> None:
        """Change the disk as a system call of the recorded process does."""
        if self._concerns(call):
            handler = getattr(self, f"_{call.name}", None)
            assert handler, f"the model of the disk does not know {call}"
            handler(call)

    def _concerns(self, call: Call) -> bool:
        return any(self._is_inside(path) for path in self._paths(call))

    def fail(self, destination: Path, chance: random.Random) -> None:
        """Write to a new folder what a power failure now leaves."""
        _store(self._root, destination, chance)

    def _paths(self, call: Call) -> Iterator[Path]:
        """Yield the paths that a call names; if it names none, those of its descriptors."""
        is_by_name = call.name.startswith(_CALLS_BY_NAME)
        folder: Path | None = None
        for argument, path in zip(call.arguments, call.paths, strict=True):
            if isinstance(argument, str):
                folder = path
                if path is not None and not is_by_name:
                    yield path
            elif is_by_name:
                yield self._resolve(argument, folder)

    def _resolve(self, name: bytes, folder: Path | None) -> Path:
        # A relative name without a folder belongs to the current one: the recorded processes run in the root.
        return Path(os.path.normpath((folder or self._root_path) / os.fsdecode(name)))

    def _is_inside(self, path: Path) -> bool:
        return path == self._root_path or self._root_path in path.parents

    def _node(self, path: Path) -> _Node:
        node: _Node = self._root
        for part in path.relative_to(self._root_path).parts:
            assert isinstance(node, _Directory)
            node = node.now[part]
        return node

    def _folder(self, path: Path) -> _Directory:
        folder = self._node(path.parent)
        assert isinstance(folder, _Directory)
        return folder

    def _file(self, call: Call) -> _File | None:
        """Return the file of a call's first argument. None if its name is deleted: what is written there is lost."""
        path = call.paths[0]
        assert path is not None
        if path.name.endswith("(deleted)"):
            return None
        file = self._node(path)
        assert isinstance(file, _File), call
        return file

    def _openat(self, call: Call) -> None:
        (path,) = self._paths(call)
        flags = next(
            argument for argument in call.arguments[1:] if isinstance(argument, str) and argument.startswith("O_")
        )
        self._open[call.result] = [0]
        folder = self._folder(path) if path != self._root_path else self._root
        if path.name not in folder.now and "O_CREAT" in flags:
            folder.change({path.name: _File()})
        elif "O_TRUNC" in flags:
            file = self._node(path)
            assert isinstance(file, _File)
            file.changes.append((0, None))
        if "O_APPEND" in flags:
            file = self._node(path)
            assert isinstance(file, _File)
            now = bytearray(file.safe)
            for change in file.changes:
                _apply(now, *change)
            self._open[call.result] = [len(now)]

    def _lseek(self, call: Call) -> None:
        self._open[_descriptor(call)] = [call.result]

    def _write(self, call: Call) -> None:
        position, data = self._open[_descriptor(call)], call.arguments[1]
        assert isinstance(data, bytes)
        if file := self._file(call):
            file.changes.append((position[0], data[: call.result]))
        position[0] += call.result

    def _pwrite64(self, call: Call) -> None:
        data, offset = call.arguments[1], call.arguments[3]
        assert isinstance(data, bytes)
        if file := self._file(call):
            file.changes.append((int(offset), data[: call.result]))

    def _ftruncate(self, call: Call) -> None:
        if file := self._file(call):
            file.changes.append((int(call.arguments[1]), None))

    def _fsync(self, call: Call) -> None:
        path = call.paths[0]
        assert path is not None
        if not path.name.endswith("(deleted)"):
            self._node(path).flush()

    _fdatasync = _fsync

    def _mkdir(self, call: Call) -> None:
        (path,) = self._paths(call)
        self._folder(path).change({path.name: _Directory()})

    def _rename(self, call: Call) -> None:
        old, new = self._paths(call)
        source, destination = self._folder(old), self._folder(new)
        if source is destination:
            source.change({new.name: source.now[old.name], old.name: None})
        else:  # two directories are flushed apart, so that the failure may keep one of the changes only
            destination.change({new.name: source.now[old.name]})
            source.change({old.name: None})

    def _unlink(self, call: Call) -> None:
        (path,) = self._paths(call)
        self._folder(path).change({path.name: None})

    _unlinkat = _rmdir = _unlink


def _descriptor(call: Call) -> int:
    return int(call.arguments[0])


def _apply(content: bytearray, offset: int, data: bytes | None) -> None:
    """Change content. Data at an offset replaces what is there; without data, the offset is the new length."""
    length = offset if data is None else offset + len(data)
    if data is None:
        del content[offset:]
    content.extend(bytes(max(0, length - len(content))))
    if data is not None:
        content[offset:length] = data


def _rename(names: dict[str, _Node], change: dict[str, _Node | None]) -> None:
    for name, node in change.items():
        if node is None:
            names.pop(name, None)
        else:
            names[name] = node


def _load(path: Path) -> _Directory:
    names: dict[str, _Node] = {
        entry.name: _load(entry) if entry.is_dir() else _File(bytearray(entry.read_bytes())) for entry in path.iterdir()
    }
    return _Directory(safe=dict(names), now=dict(names))


def _store(directory: _Directory, path: Path, chance: random.Random) -> None:
    path.mkdir()
    for name, node in directory.after_failure(chance).items():
        if isinstance(node, _Directory):
            _store(node, path / name, chance)
        else:
            (path / name).write_bytes(node.after_failure(chance))
