"""Tokens and money as people read them."""

import math

from agency.domain.cost import Bill


def format_tokens(tokens: int) -> str:
    """Tokens in few characters: ``950``, ``12.3k``, ``4.56M``."""
    for unit, size in (("M", 1_000_000), ("k", 1_000)):
        if tokens >= size * 0.9995:
            return f"{tokens / size:.3g}{unit}" if tokens < size * 999.5 else f"{tokens / size:.0f}{unit}"
    return str(tokens)


def format_cost(cost: float) -> str:
    """US dollars: from one dollar on to the cent, below that to four digits that count."""
    if cost >= 1 or cost <= 0:
        return f"${cost:.2f}"
    whole, _, cents = f"{cost:.{3 - math.floor(math.log10(cost))}f}".partition(".")
    return f"${whole}.{cents[:2]}{cents[2:].rstrip('0')}"


def cost_cell(told: Bill) -> str:
    """The cost in a table: ``-`` when it is not known, with a ``+`` after it when there is more whose cost is not known."""
    cost = told.known_cost
    return "-" if cost is None else format_cost(cost) + ("" if told.is_complete else "+")


def usage_line(told: Bill) -> str:
    """All tokens, and of which kinds they are."""
    kinds = f"{told.usage.input:,} input, {told.usage.cached_input:,} cached input, {told.usage.output:,} output"
    return f"{told.usage.total:,} tokens ({kinds})"


def cost_line(told: Bill) -> str:
    """The cost, where it comes from, and what it does not hold."""
    missing = f"no price for {', '.join(sorted(told.unpriced))}; prices in agency.yaml can give one"
    cost = told.known_cost
    if cost is None:
        return f"- ({missing})"
    by = {"agent": "as the agent reports", "prices": "by the prices in the config"}
    notes = [by[source] for source in sorted(told.sources)]
    text = f"{format_cost(cost)} ({', '.join(notes)})" if notes else format_cost(cost)
    return text if told.is_complete else f"{text}, and more: {missing}"
