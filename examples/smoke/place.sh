# A private place for one smoke script: a repo with the demo agent as its runner, data, config and tmux server of its own, and a
# listener for metrics. Sourced, in bash 3.2 or newer. When the script ends, all that it started ends, and the place is removed;
# with KEEP=1 its files stay.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
jobs=$root/examples/jobs
. "$root/.ci/machine.sh"
. "$root/examples/install.sh"

tell() { printf '\n# %s\n' "$@"; }
show() { printf '\n$ %s\n' "$*"; "$@"; }
fail() { printf '\nnot as expected: %s\n' "$*" >&2; exit 1; }
expect() { # expect WHAT COMMAND...: the command succeeds
  local what=$1
  shift
  "$@" >/dev/null || fail "$what"
  printf 'ok: %s\n' "$what"
}
wait_for() { # wait_for SECONDS WHAT COMMAND...: the command succeeds within so many seconds
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || fail "$what"
    sleep 0.1
  done
  printf 'ok: %s\n' "$what"
}

clean_up() {
  local code=$? pid
  trap - EXIT INT TERM HUP
  cd /
  pid=$(tmux -S "$place/tmux" display-message -p '#{pid}' 2>/dev/null || true)
  if [ -n "$pid" ]; then
    (cd "$place/repo" && agency kill --all >/dev/null 2>&1) || true # the workers and whatever they started
    kill "$pid" 2>/dev/null || true
    for _ in {1..50}; do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
  fi
  [ -z "${listener:-}" ] || kill "$listener" 2>/dev/null || true
  if [ -n "${KEEP:-}" ]; then echo "kept: $place"; else rm -rf "$place"; fi
  if [ "$code" = 0 ]; then printf "\n%s: all as expected\n" "$(basename "$0")"; else printf "\n%s: failed\n" "$(basename "$0")" >&2; fi
  exit "$code"
}

need_programs git tmux
install_agency
python=$(agency_python)
place=$(mktemp -d "${TMPDIR:-/tmp}/agency-smoke.XXXXXX") && place=$(cd "$place" && pwd -P)
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

export AGENCY_DATA_DIR=$place/data AGENCY_CONFIG_DIR=$place/config AGENCY_TMUX_SOCKET=$place/tmux
PATH=$(dirname "$python"):$PATH && export PATH

# Metrics go over UDP to a listener of our own, which writes a line for each; the first line is its port.
"$python" -c 'import socket
heard = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
heard.bind(("127.0.0.1", 0))
print(heard.getsockname()[1], flush=True)
while True:
    print(heard.recv(65535).decode(), flush=True)' >"$place/metrics" &
listener=$!
until [ -s "$place/metrics" ]; do sleep 0.05; done
STATSD_PORT=$(sed -n 1p "$place/metrics") && export STATSD_PORT STATSD_HOST=127.0.0.1
unset STATSD_PREFIX SPEC_WORKFLOW_METRICS_HOST SPEC_WORKFLOW_METRICS_PORT

metric() { grep -E -- "$1" "$place/metrics"; } # metric PATTERN: the datagrams that it fits

git init --quiet --initial-branch=main "$place/repo"
cd "$place/repo"
cat >agency.yaml <<YAML
version: 1
defaults: {runner: demo}
runners:
  demo:
    command: ['${python//\'/\'\'}', '${root//\'/\'\'}/examples/demo-agent']
    env: {DEMO_AGENT_HOME: '${place//\'/\'\'}/demo-agent'}
    start: [--thread, '{thread_id}', '{prompt}']
    resume: [--resume, '{thread_id}']
    headless: [--headless, --thread, '{thread_id}', '{prompt}']
    headless_resume: [--headless, --resume, '{thread_id}', '{prompt}']
YAML
git add agency.yaml
git -c user.name=smoke -c user.email=smoke@localhost -c commit.gpgsign=false commit --quiet --message "a demo agent"
agency allow --yes >/dev/null

start_job() { # start_job JOB: a run of that name does that job, as its plan tells the demo agent
  show agency run "$1" --headless --detached --job "$jobs/$1.json" -- --plan "$jobs/$1.plan.json"
}
records() { # records RUN: the directory with the records of the run
  local found
  found=$(agency show "$1" --json | "$python" -c 'import json, sys; print(json.load(sys.stdin)["data"]["run_id"])')
  echo "$AGENCY_DATA_DIR"/repos/*/runs/"$found"
}
# events RUN: a line for each event of the job: its name, step, attempt and strategy
events() {
  agency events "$1" --json | "$python" -c 'import json, sys
for event in map(json.loads, sys.stdin):
    if event["event"].startswith("task."):
        data = event["data"]
        print(event["event"], *(f"{key}={data.get(key)}" for key in ("stepIndex", "attempt", "strategy")))'
}
told() { events "$1" | grep -q -- "$2"; } # told RUN PATTERN: there is such an event
# in_order RUN PATTERN...: there are such events, in this order
in_order() {
  local run=$1
  shift
  events "$run" | "$python" -c 'import re, sys
lines = iter(sys.stdin.read().splitlines())
sys.exit(not all(any(re.search(pattern, line) for line in lines) for pattern in sys.argv[1:]))' "$@"
}
# replayed RUN: the indexes of the steps whose patches went into the last worktree that was rebuilt
replayed() {
  agency events "$1" --json | "$python" -c 'import json, sys
rebuilt = [event for event in map(json.loads, sys.stdin) if event["event"] == "task.resume.from_step"]
print(*(step["index"] for step in rebuilt[-1]["data"]["replayedSteps"]) if rebuilt else "none")'
}
