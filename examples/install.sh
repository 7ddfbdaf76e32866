# How the examples get at agency. Sourced, in bash 3.2 or newer, with $root (the top of the checkout) and .ci/machine.sh.
#
# AGENCY_QUICKSTART_PYTHON: a Python in whose environment agency is installed already, to be used instead of a new one.
installed=$root/examples/.quickstart # `examples/quickstart --stop` removes it

agency_python() { printf '%s\n' "${AGENCY_QUICKSTART_PYTHON:-$installed/venv/bin/python}"; }

# install_agency [COMMAND]: into an environment of its own, from a copy, so that building leaves nothing in the checkout; nothing
# where it stands already. COMMAND shows what is done and does it.
install_agency() {
  local python key show=${1:-env}
  [ -z "${AGENCY_QUICKSTART_PYTHON:-}" ] || return 0
  python=$(find_python)
  key=$("$python" -c 'import hashlib, pathlib, sys
root, digest = pathlib.Path(sys.argv[1]), hashlib.sha256(sys.version.encode())
for path in [root / "pyproject.toml", *sorted((root / "agency").rglob("*"))]:
    if path.is_file() and path.suffix != ".pyc":
        digest.update(path.read_bytes())
print(digest.hexdigest())' "$root")
  [ "$(cat "$installed/installed" 2>/dev/null)" != "$key" ] || return 0
  rm -rf "$installed/venv" "$installed/source"
  mkdir -p "$installed/source"
  "$show" "$python" -m venv "$installed/venv"
  cp -R "$root/agency" "$root/pyproject.toml" "$root/README.md" "$root/LICENSE" "$installed/source"
  "$show" "$installed/venv/bin/python" -m pip install --quiet --no-cache-dir "$installed/source"
  rm -rf "$installed/source"
  echo "$key" >"$installed/installed"
}
