"""What lies in a folder."""


def tree(folder):
    """Relative path -> content of everything below, folders included."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
            for path in sorted(folder.rglob("*"))}
