"""What is at a path; one that cannot be looked at is an answer, not an exception."""

from pathlib import Path


def is_file(path: Path) -> bool:
    """Is it a file, or a link to one?"""
    try:
        return path.is_file()
    except OSError:  # forbidden, or too long
        return False


def is_dir(path: Path) -> bool:
    """Is it a folder, or a link to one?"""
    try:
        return path.is_dir()
    except OSError:
        return False


def absence(path: Path) -> str:
    """Why a path is neither a file nor a folder, as the end of a sentence that begins with it."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        if path.is_symlink():
            return f"is a link to {path.readlink()}, which is not there"
        return "is not there"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except ValueError:  # a zero byte, or half of a character
        return "is no path"
    return "is neither a file nor a folder"
