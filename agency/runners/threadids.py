"""Ids of conversations that we choose ourselves: UUIDs, which every agent that lets one choose takes."""


def new_thread_id() -> str:
    """An id that no conversation has."""
    import uuid  # loads in 5 ms, which a command that only looks is not to wait for

    return str(uuid.uuid4())


def is_uuid(text: str) -> bool:
    """Whether ``text`` is a UUID in any of its spellings."""
    import uuid

    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
