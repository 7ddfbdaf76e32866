"""Models, paths and patterns as property tests draw them."""

from hypothesis import strategies as st

from agency.domain.components import Component, Edge, Model, make_model

NAMES = st.sampled_from(["a", "b", "c", "ab"])
DIRECTORIES = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
PATHS = st.lists(st.sampled_from(["a", "b", "c", "ab", "x.py", "y.md"]), min_size=1, max_size=4).map("/".join)
PARTS = st.sampled_from(["a", "b", "c", "ab", "*", "**", "a*", "?", "{a,c}", "[ab]", "*.py", "x.py", "{a,b/c}"])
PATTERNS = st.lists(PARTS, min_size=1, max_size=4).map("/".join)


@st.composite
def models(draw: st.DrawFn) -> Model:
    """A model with up to six components and any edges between them."""
    roots = draw(st.lists(st.one_of(DIRECTORIES, st.just("")), unique=True, max_size=6))
    sources = st.sampled_from(["config", "package.json", "folder"])
    components = [
        Component(id=f"c{number}", name=f"c{number}", roots=(root,), source=draw(sources))
        for number, root in enumerate(roots)
    ]
    ids = st.sampled_from([one.id for one in components] or ["none"])
    edges = st.builds(
        lambda source, target, confidence: Edge(source=source, target=target, via="test", confidence=confidence),
        ids,
        ids,
        st.sampled_from(["low", "medium", "high"]),
    )
    return make_model("0" * 40, components, draw(st.lists(edges, max_size=8)))
