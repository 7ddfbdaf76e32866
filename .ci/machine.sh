# What the scripts of this checkout need of a machine: Python 3.11 or newer and a few programs. Sourced, in bash 3.2 or newer.

# Nothing of the caller's Python or git leaks in; compiled bytecode is wanted, because every command is a start of Python.
unset PYTHONDONTWRITEBYTECODE PYTHONPATH PYTHONHOME GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
export PIP_DISABLE_PIP_VERSION_CHECK=1

say() { printf '%s\n' "$*" >&2; }

# need_programs PROGRAM...: installs what is missing where the machine allows it; else says how, and fails.
need_programs() {
  local program package missing=""
  for program in "$@"; do
    command -v "$program" >/dev/null 2>&1 && continue
    case $program in ps) package=procps ;; bwrap) package=bubblewrap ;; *) package=$program ;; esac
    install_package "$package" && command -v "$program" >/dev/null 2>&1 && continue
    missing="$missing $package"
  done
  [ -z "$missing" ] || { say "missing:$missing; install with: $(how_to_install)$missing"; return 1; }
}

install_package() {
  local said
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    say "installing $1"
    [ -n "${apt_is_fresh:-}" ] || apt-get update -qq >&2 || true
    apt_is_fresh=yes
    said=$(DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$1" 2>&1) || { say "$said"; return 1; }
  elif command -v brew >/dev/null 2>&1; then
    say "installing $1"
    brew install --quiet "$1" >&2
  else
    return 1
  fi
}

how_to_install() {
  if command -v apt-get >/dev/null 2>&1; then echo "sudo apt-get install"
  elif [ "$(uname)" = Darwin ]; then echo "brew install (brew itself: https://brew.sh)"
  else echo "the package manager of this system:"
  fi
}

# find_python: prints the path of a Python 3.11 or newer that can make virtual environments.
find_python() {
  local name python
  for name in "${PYTHON:-python3}" python3 python3.14 python3.13 python3.12 python3.11 python; do
    python=$("$name" -c 'import sys; sys.version_info >= (3, 11) and print(sys.executable)' 2>/dev/null) || continue
    [ -n "$python" ] || continue
    "$python" -c 'import ensurepip, venv' 2>/dev/null || install_package python3-venv || true
    "$python" -c 'import ensurepip, venv' 2>/dev/null && { printf '%s\n' "$python"; return; }
    say "$python cannot make virtual environments; install with: $(how_to_install) python3-venv"
    return 1
  done
  say "Python 3.11 or newer is needed; install with: $(how_to_install) python3"
  return 1
}

# test_venv ROOT: sets $venv to an environment with agency (editable) and the tools of the tests, made anew when pyproject.toml
# or Python has changed. Once it stands no network is needed.
test_venv() {
  local python key
  venv=$1/internal_tests/.venv
  python=$(find_python) || return 1
  key=$("$python" -c 'import hashlib, sys
print(hashlib.sha256(open(sys.argv[1], "rb").read() + "\n".join([*sys.argv[2:], sys.version]).encode()).hexdigest())' \
    "$1/pyproject.toml" "$venv" "$python") || return 1
  [ "$(cat "$venv/key" 2>/dev/null)" != "$key" ] || return 0
  say "making internal_tests/.venv"
  rm -rf "$venv"
  "$python" -m venv "$venv" || return 1
  "$venv/bin/python" -m pip install --quiet --config-settings editable_mode=compat -e "$1[test]" >&2 || { say "the test environment could not be made"; return 1; }
  printf '%s\n' "$key" >"$venv/key"
}

# test_agents ROOT: installs the real agents that the tests drive, made anew when their pinned versions have changed: 1.3 GB on
# disk, half a minute with a fast line.
test_agents() {
  local place=$1/internal_tests/.agents
  ! cmp -s "$1/internal_tests/agents/package.json" "$place/installed.json" || return 0
  need_programs npm || return 1
  say "installing the real agents"
  rm -rf "$place"
  mkdir -p "$place"
  cp "$1/internal_tests/agents/package.json" "$place/package.json"
  npm install --prefix "$place" --no-audit --no-fund --silent >&2 || return 1
  cp "$place/package.json" "$place/installed.json"
}
