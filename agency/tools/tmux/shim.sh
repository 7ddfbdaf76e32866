# Runs the runner of one launch in its pane and leaves its exit status. $1: the directory of the launch.
# Only INT and QUIT are caught: a hang-up must end this shell, because its end is what hangs up the runner.
trap : INT QUIT
# A start that came so late that it was taken back leaves no pane.
[ -f "$1/start" ] || tmux kill-pane -t "$TMUX_PANE"
for name in $(awk 'BEGIN { for (name in ENVIRON) print name }'); do
  case $name in
    TERM | TERM_PROGRAM | TERM_PROGRAM_VERSION | COLORTERM | TMUX | TMUX_PANE | PWD) ;;
    SHELLOPTS | BASHOPTS | BASH_VERSINFO | EUID | PPID | UID | _ | *[!A-Za-z0-9_]* | [0-9]*) ;;
    *) unset "$name" ;;
  esac
done
agency_launch=$1
. "$agency_launch/start"
rm -f "$agency_launch/start"
"$@"
status=$?
printf '%s\n' "$status" > "$agency_launch/exit.tmp" && mv -f "$agency_launch/exit.tmp" "$agency_launch/exit"
[ ! -f "$agency_launch/exited" ] || /bin/sh "$agency_launch/exited" "$status" </dev/null >/dev/null 2>&1
[ -n "$agency_quiet" ] || printf '\r\n\033[0m[agency] the runner exited with code %s; start it again with: agency resume %s\r\n' "$status" "$AGENCY_NAME"
exit "$status"
