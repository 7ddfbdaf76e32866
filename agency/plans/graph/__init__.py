"""The control plane: the components of a commit, read from git and never from a working tree."""

from agency.plans.graph.model import changed_against, changed_here, model_at, search_at, tracked_at

__all__ = ["changed_against", "changed_here", "model_at", "search_at", "tracked_at"]
