"""From the files of a commit to its components: those that are configured, then packages by their manifests, then folders."""

import re
from collections.abc import Iterable, Mapping, Sequence

from agency.domain.components import Component, Edge, Model, make_model
from agency.domain.controlplane import ConfiguredComponent
from agency.domain.globs import matches
from agency.plans.graph import cargo, go, npm, python
from agency.plans.graph.package import Package

READERS = {"package.json": npm.read, "pyproject.toml": python.read, "go.mod": go.read, "Cargo.toml": cargo.read}
"""Name of a manifest -> what reads it."""
UNREAD = "unread:"
"""What goes before the file where a name stands for a package of which nothing could be read."""
_FOREIGN = frozenset({"node_modules", "vendor", "third_party", "testdata", "fixtures", "__fixtures__"})
_NO_COMPONENTS = frozenset(
    {"node_modules", "vendor", "third_party", "dist", "build", "target", "out", "__pycache__", "venv"}
)


def is_manifest(path: str) -> bool:
    """Whether the file tells of a package of the repo."""
    *folders, name = path.split("/")
    return name in READERS and not _FOREIGN.intersection(folders)


def build_model(
    commit: str, paths: Iterable[str], manifests: Mapping[str, bytes], configured: Sequence[ConfiguredComponent]
) -> Model:
    """The model of a commit with the files ``paths``, of which ``manifests`` are the contents of those that are manifests."""
    notes: list[str] = []
    packages = _packages(manifests, notes)
    drafts = _Drafts(configured)
    for file, package in packages.items():
        if package.package is not None:
            source = "folder" if package.package.startswith(UNREAD) else file.rpartition("/")[2]
            drafts.add_package(_directory(file), source, package)
    folders = drafts.open_folders(paths)
    drafts.add_folders(folder for folder in folders if not folder.startswith(".") and folder not in _NO_COMPONENTS)
    components = drafts.components()
    edges = [*drafts.edges_of_config(notes), *drafts.edges_of(packages), *drafts.edges_of_folders()]
    return make_model(commit, components, edges, notes)


class _Drafts:
    """The components as far as they are known."""

    def __init__(self, configured: Sequence[ConfiguredComponent]) -> None:
        self.configured = configured
        self.made = {
            one.id: Component(id=one.id, name=one.name or one.id, roots=one.roots, source="config")
            for one in configured
        }
        self.at: dict[str, str] = {}
        for one in configured:
            for root in one.roots:
                self.at.setdefault(root, one.id)
        self.absorbing = {root: one for root, one in self.at.items() if root}
        self.packages: dict[str, list[str]] = {}

    def add_package(self, directory: str, source: str, package: Package) -> None:
        """A component for the directory of a manifest, unless a configured one is around it or one is there."""
        found = self.home_of(directory)
        if found is None:
            name = package.name or directory.rpartition("/")[2] or "root"
            found = self._make(name, directory, source)
        self.packages.setdefault(found, []).append(package.package or "")

    def open_folders(self, paths: Iterable[str]) -> list[str]:
        """The folders at the top with a file that is in no component yet but the one at the top."""
        found = set()
        for path in paths:
            place, _, _ = path.rpartition("/")
            while place and place not in self.at:
                place = place.rpartition("/")[0]
            if not place and "/" in path:
                found.add(path.partition("/")[0])
        return sorted(found)

    def add_folders(self, folders: Iterable[str]) -> None:
        """A component for each of the folders."""
        for folder in folders:
            self._make(folder, folder, "folder")

    def home_of(self, directory: str) -> str | None:
        """The component that a package in the directory belongs to, if there is one yet."""
        place = directory
        while place and place not in self.absorbing:
            place = place.rpartition("/")[0]
        return self.absorbing.get(place) or self.at.get(directory)

    def components(self) -> list[Component]:
        """All of them."""
        return [
            Component(
                id=one.id,
                name=one.name,
                roots=one.roots,
                source=one.source,
                packages=tuple(sorted(set(self.packages.get(one.id, ())))),
            )
            for one in self.made.values()
        ]

    def edges_of_config(self, notes: list[str]) -> list[Edge]:
        """What the configuration says of who needs whom."""
        found = []
        for one in self.configured:
            for other in one.depends_on:
                if other in self.made:
                    found.append(Edge(source=one.id, target=other, via="config"))
                else:
                    notes.append(f"component {one.id} depends on {other}, which is not there")
        return found

    def edges_of(self, packages: Mapping[str, Package]) -> list[Edge]:
        """What the manifests say of it."""
        by_package = {name: component for component, names in self.packages.items() for name in names}
        found = []
        for file, package in packages.items():
            source = self.home_of(_directory(file))
            if package.package is None or source is None:
                continue
            via = file.rpartition("/")[2]
            if package.package.startswith(UNREAD):  # it may need any
                found += [Edge(source=source, target=other, via=via, confidence="low") for other in self.made]
            for need in package.needs:
                target = (
                    by_package.get(need.package) if need.package is not None else self.home_of(need.directory or "")
                )
                if target is not None:
                    found.append(Edge(source=source, target=target, via=via, confidence=need.confidence))
        return found

    def edges_of_folders(self) -> list[Edge]:
        """Folders are parts of the package at the top, where there is one, and change with it."""
        top = self.at.get("")
        if top is None:
            return []
        folders = [one.id for one in self.made.values() if one.source == "folder"]
        return [Edge(source=folder, target=top, via="folder", confidence="medium") for folder in folders]

    def _make(self, name: str, directory: str, source: str) -> str:
        slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "component"
        number, free = 2, slug
        while free in self.made:
            number, free = number + 1, f"{slug}-{number}"
        self.made[free] = Component(id=free, name=name, roots=(directory,), source=source)
        self.at[directory] = free
        return free


def _packages(manifests: Mapping[str, bytes], notes: list[str]) -> dict[str, Package]:
    """The manifests by their paths, directories in order, without those that a workspace above them leaves out."""
    found: dict[str, Package] = {}
    order = list(READERS)
    for file in sorted(manifests, key=lambda file: (_directory(file), order.index(file.rpartition("/")[2]))):
        directory, name = _directory(file), file.rpartition("/")[2]
        try:
            found[file] = READERS[name](directory, manifests[file].decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            notes.append(f"{file} cannot be read: {str(error)[:200]}")
            found[file] = Package(package=f"{UNREAD}{file}")
    spaces = {file: package.members for file, package in found.items() if package.members is not None}
    return {file: package for file, package in found.items() if not _left_out(file, spaces)}


def _left_out(file: str, spaces: Mapping[str, tuple[str, ...]]) -> bool:
    name = file.rpartition("/")[2]
    around = [
        (_directory(top), members)
        for top, members in spaces.items()
        if top != file and top.rpartition("/")[2] == name and _is_below(_directory(file), _directory(top))
    ]
    if not around:
        return False
    top, members = max(around, key=lambda one: len(one[0]))
    inside = _directory(file)[len(top) :].strip("/")
    wanted = [one.removeprefix("./").rstrip("/") for one in members if not one.startswith("!")]
    unwanted = [one[1:].removeprefix("./").rstrip("/") for one in members if one.startswith("!")]
    return not matches(inside, wanted) or matches(inside, unwanted)


def _is_below(directory: str, top: str) -> bool:
    return directory != top and (not top or directory.startswith(f"{top}/"))


def _directory(file: str) -> str:
    return file.rpartition("/")[0]
