"""Sizes on disk as people read them."""

from agency.sessions.gc import Item


def format_size(size: int) -> str:
    """Bytes in the largest unit that leaves at least one: ``640 B``, ``12 KiB``, ``3.4 GiB``."""
    number = float(size)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if number < 1024 or unit == "GiB":
            return f"{number:.0f} {unit}" if number >= 10 or unit == "B" else f"{number:.1f} {unit}"
        number /= 1024
    raise AssertionError("the last unit takes everything")


def item_line(item: Item) -> str:
    """One line about an item."""
    since = f" since {item.archived_at}" if item.archived_at else ""
    return f"{format_size(item.size):>9}  {item.kind:<8}  {item.run_id or '-':<19}  {item.name}{since}"
