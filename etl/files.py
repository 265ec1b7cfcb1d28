"""Files on disk: written completely or not at all, and flushed so that they survive a power failure."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import glob
import os
import pwd
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from etl.errors import ConfigError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

PRIVATE_FILE, PRIVATE_DIRECTORY = 0o600, 0o700

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_VARIABLE = re.compile(r"(^|/)[$](\w|\{)")
_DESCRIPTOR_FOLDER = re.compile(r"/dev/fd|/proc/[0-9]+/(task/[0-9]+/)?fd")
_MOST_LINKS = 40  # as many as Linux follows
_DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EPIPE, errno.EROFS}
_NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}


def parse_local_path(text: str) -> Path:
    """Parse the path of a file on this machine, and follow `~` and the symbolic links of the file itself.

    Staged runs and the lock of a run belong to the file, whatever links lead to it. Raises ValueError if the text is
    not such a path.
    """
    if not text or not text.isprintable():
        raise ValueError("the name of a file has to be printable text")
    if _URL.match(text):
        raise ValueError(f"{text!r} is a URL; name a file on this machine")
    if _VARIABLE.search(text):
        raise ValueError(f"{text!r} holds a variable that no shell has replaced by its value; write the value")
    try:
        path = Path(text).expanduser() if text.startswith("~") else Path(text)  # ./~ is a file of this name
        return follow_links(path)
    except (RuntimeError, OSError) as error:  # no home directory, links that lead in a circle, or too long a name
        reason = getattr(error, "strerror", None) or str(error).rstrip(".")
        raise ValueError(f"{text!r} is not the path of a file: {reason}") from error


def refuse_database_as_output(database: Path, output: Path | None) -> None:
    """Raise ConfigError if an --output would replace the database or its write-ahead log."""
    if output is None:
        return
    target = Path(os.path.realpath(output))  # also for a path such as missing/../usage.duckdb
    log = database.parent / f"{database.name}.wal"  # with_name would refuse a directory such as "."
    for path in (database, log):
        if path.exists() and target.exists() and path.samefile(target):
            raise ConfigError(f"{output} is the database; name another --output")


def write_whole(output: Path, content: bytes, *, mode: int | None = None, option: str = "--output") -> None:
    """Write a file under another name, then rename it: an existing file stays until the new one is complete.

    `mode` is the file's permissions; without it, an existing file keeps them. A descriptor, a pipe or a device is
    written to. Raises StoreError if the disk does not accept the content, and ConfigError if no file can be written at
    this path; `option` is where the user has named it.
    """
    try:
        if (descriptor := own_descriptor(output)) is not None:
            with open(descriptor, "wb", closefd=False) as file:  # a number is not a path
                file.write(content)
        elif is_descriptor(output) or (output.exists() and not output.is_file()):
            with output.open("ab") as file:
                file.write(content)
        else:
            _replace(output, content, mode)
    except OSError as error:
        message = f"{error.filename if isinstance(error.filename, str) else output}: {error.strerror}"
        if error.errno in _DISK_ERRORS:
            raise StoreError(f"{message}; free space there, or name another {option}") from error
        raise ConfigError(f"{message}; name another {option}") from error


def _replace(output: Path, content: bytes, mode: int | None) -> None:
    unfinished = output.with_name(f"{output.name}.{os.getpid()}.new")  # two processes each write their own
    _delete_leftovers(output)
    try:
        unfinished.unlink(missing_ok=True)  # a process of the same number may have left it, with other permissions
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with os.fdopen(os.open(unfinished, flags, 0o666 if mode is None else mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if mode is None and output.exists():
            shutil.copymode(output, unfinished)
        unfinished.replace(output)
        sync(output.parent)  # a power failure must not undo the rename
    except OSError:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise


def _delete_leftovers(output: Path) -> None:
    """Delete the unfinished files of processes that were killed while they wrote this output."""
    for path in output.parent.glob(f"{glob.escape(output.name)}.*.new"):
        process_id = path.name.removeprefix(f"{output.name}.").removesuffix(".new")
        if process_id.isdecimal() and not _is_running(int(process_id)):
            path.unlink(missing_ok=True)


def _is_running(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)  # asks without a signal
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # it is another user's
        return True
    return True


def is_descriptor(path: Path) -> bool:
    """Return True for the path of an open file of a process, such as /dev/fd/3."""
    return bool(_DESCRIPTOR_FOLDER.fullmatch(str(path.parent.resolve()))) and path.name.isdecimal()


def own_descriptor(path: Path) -> int | None:
    """Return the number of an open file of this process, if a path leads to one."""
    folders = (Path("/dev/fd"), Path("/proc/self/fd").resolve())
    return int(path.name) if is_descriptor(path) and path.parent.resolve() in folders else None


def follow_links(path: Path) -> Path:
    """Follow the symbolic links of a file itself, but no further than to an open file such as /dev/stdout.

    An open file has a name too, but it must not be replaced: others write to it, or it is a pipe.
    """
    for _ in range(_MOST_LINKS):
        if is_descriptor(path) or not path.is_symlink():
            return path
        path = path.parent / path.readlink()
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


def make_directory(directory: Path, mode: int = 0o777) -> None:
    """Create a directory and its parents, so that they survive a power failure. The directory may exist already."""
    missing = [path for path in (directory, *directory.parents) if not path.exists()]
    directory.mkdir(mode=mode, parents=True, exist_ok=True)
    for path in missing:
        sync(path.parent)


def sync(path: Path) -> None:
    """Flush a file, or the entries of a directory, to the disk: otherwise a power failure may undo a rename."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def lock_at_once(descriptor: int, path: Path) -> None:
    """Lock an open file or directory. Raises BlockingIOError if another process holds the lock.

    Raises ConfigError if the file system has no locks, as some network drives have none.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _NO_LOCKS:
            raise no_locks_error(path, error.strerror) from error
        raise


def no_locks_error(path: Path, reason: str | None) -> ConfigError:
    """The error for a file that can't be locked, although no other program holds its lock."""
    return ConfigError(
        f"{path} can't be locked: {reason}. Its file system has no locks, as some network drives have none; "
        "put the database on a local disk"
    )


@contextlib.contextmanager
def as_store_error(path: Path) -> Iterator[None]:
    """Raise StoreError for an OSError, with the path and what to do next."""
    try:
        yield
    except OSError as error:
        place = Path(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else path
        message = f"{place}: {error.strerror or error}"
        if isinstance(error, PermissionError) and (owner := _describe_owner(place)):
            user = _user_name(os.geteuid())
            advice = f"{owner}, and this is user {user}. Run as that user, or change the permissions"
        else:
            advice = "make the directory writable, or free space on its disk, and run again"
        raise StoreError(f"{message}; {advice}") from error


def _describe_owner(path: Path) -> str | None:
    """Describe who owns a file, or the nearest directory above it that can be asked for."""
    for candidate in (path, *path.absolute().parents):
        with contextlib.suppress(OSError):
            return f"{candidate} belongs to user {_user_name(candidate.stat().st_uid)}"
    return None


def _user_name(user_id: int) -> str:
    """Return the name of a user, or the number of a user without a name, as in many containers."""
    try:
        return pwd.getpwuid(user_id).pw_name
    except KeyError:
        return str(user_id)
