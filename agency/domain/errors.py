"""Every error a user can meet: a stable code, what it means, its exit code.

The tables in the documentation are made from ``ERRORS``. A raised :class:`AgencyError` adds one plain sentence,
``key: value`` context and, as a rule, the next command to type.
"""

from agency.domain.frozen import frozen

EXIT_DONE = 0
EXIT_ERROR = 1
EXIT_USAGE = 2
EXIT_ATTENTION = 3
EXIT_FAILED = 4
EXIT_INTERRUPTED = 130
JOB_EXIT_CODES = {"done": EXIT_DONE, "needs_attention": EXIT_ATTENTION, "failed": EXIT_FAILED}
"""How the job of a headless run ended -> the exit code that tells it."""
PLAN_EXIT_CODES = {
    "complete": EXIT_DONE,
    "paused": EXIT_ATTENTION,
    "running": EXIT_ATTENTION,
    "failed": EXIT_FAILED,
}
"""How a plan stands -> the exit code that tells it."""


@frozen
class ErrorKind:
    """What a code stands for, and the exit code of a command that ends with it."""

    meaning: str
    exit_code: int = EXIT_ERROR


ERRORS: dict[str, ErrorKind] = {
    # the call
    "E_USAGE": ErrorKind(meaning="the command line cannot be understood", exit_code=EXIT_USAGE),
    "E_INTERNAL": ErrorKind(meaning="an unexpected failure of agency itself"),
    "E_INTERRUPTED": ErrorKind(meaning="stopped by a signal", exit_code=EXIT_INTERRUPTED),
    "E_CONFIRMATION_REQUIRED": ErrorKind(meaning="consent is needed and there is no terminal to ask on"),
    "E_NOT_INTERACTIVE": ErrorKind(meaning="the command needs a terminal and there is none"),
    # configuration
    "E_INVALID_CONFIG": ErrorKind(meaning="agency.yaml or config.yaml is not valid"),
    "E_CONFIG_EXISTS": ErrorKind(meaning="a config file is there already"),
    "E_RUNNER_NOT_CONFIGURED": ErrorKind(meaning="the runner is neither built in nor configured"),
    "E_RUNNER_NOT_FOUND": ErrorKind(meaning="the program of the runner is not installed"),
    "E_RUNNER_BROKEN": ErrorKind(meaning="the package that brings the runner along fails"),
    "E_EDITOR_NOT_CONFIGURED": ErrorKind(meaning="the editor cannot be found"),
    # tools
    "E_GIT_NOT_INSTALLED": ErrorKind(meaning="git is not on PATH"),
    "E_GIT_FAILED": ErrorKind(meaning="a git command failed"),
    "E_GIT_TOO_OLD": ErrorKind(meaning="this git lacks what the command needs"),
    "E_TMUX_NOT_INSTALLED": ErrorKind(meaning="tmux is not on PATH"),
    "E_TMUX_FAILED": ErrorKind(meaning="a tmux command failed"),
    "E_TIMEOUT": ErrorKind(meaning="a program did not answer in time"),
    # the repo
    "E_NO_REPO": ErrorKind(meaning="not inside a git repository"),
    "E_EMPTY_REPO": ErrorKind(meaning="the repository has no commit yet"),
    "E_INSIDE_RUN": ErrorKind(meaning="the command was typed inside the worktree of a run"),
    "E_PARENT_BRANCH_NOT_FOUND": ErrorKind(meaning="the branch to start from does not exist"),
    "E_PARENT_DIRTY": ErrorKind(meaning="the checkout of the parent branch has uncommitted changes"),
    "E_REPO_LOCKED": ErrorKind(meaning="another command holds the lock of the repo"),
    # names and references
    "E_INVALID_NAME": ErrorKind(meaning="the name does not follow the rule for names"),
    "E_NAME_EXISTS": ErrorKind(meaning="a present run has that name"),
    "E_RUN_NOT_FOUND": ErrorKind(meaning="no run fits the reference"),
    "E_RUN_AMBIGUOUS": ErrorKind(meaning="several runs fit the reference"),
    "E_RUN_BROKEN": ErrorKind(meaning="the record of the run cannot be read"),
    "E_RUN_BUSY": ErrorKind(meaning="another command is working on the run"),
    "E_RUN_INCOMPLETE": ErrorKind(meaning="the making of the run was interrupted"),
    "E_NOT_ARCHIVED": ErrorKind(meaning="the run is present, so there is nothing to restore"),
    # the worktree
    "E_WORKTREE_MISSING": ErrorKind(meaning="the worktree of the run is gone"),
    "E_WORKTREE_CREATE_FAILED": ErrorKind(meaning="the worktree could not be made"),
    "E_DIRTY_WORKTREE": ErrorKind(meaning="the run holds work that exists nowhere else"),
    "E_RESTORE_FAILED": ErrorKind(meaning="what was cleaned cannot be brought back"),
    "E_UNSAFE_DELETE": ErrorKind(meaning="a path or branch that agency must not delete"),
    # jobs
    "E_INVALID_JOB": ErrorKind(meaning="the job file is not valid"),
    "E_NO_JOB": ErrorKind(meaning="the run is interactive and has no job"),
    "E_STEP_NOT_FOUND": ErrorKind(meaning="the job has no such step"),
    "E_STEP_NOT_REACHED": ErrorKind(meaning="the steps before that one are not done"),
    "E_JOB_ENDED": ErrorKind(meaning="the job has ended"),
    "E_HEADLESS_UNSUPPORTED": ErrorKind(meaning="the runner cannot work without a terminal"),
    "E_ISOLATION_UNSUPPORTED": ErrorKind(meaning="the isolation asked for cannot be had, on this machine or at all"),
    # plans
    "E_INVALID_PLAN": ErrorKind(meaning="the files of the plan are not valid"),
    "E_PLAN_NOT_FOUND": ErrorKind(meaning="the repo has no plan of that name, or no run of a plan fits the reference"),
    "E_PLAN_EXISTS": ErrorKind(meaning="a plan of that name is there already"),
    "E_PLAN_BUSY": ErrorKind(meaning="another conductor drives the plan"),
    "E_PLAN_ENDED": ErrorKind(meaning="the plan has ended"),
    "E_PLAN_TRANSITION": ErrorKind(meaning="what was asked for does not fit the status of the task"),
    "E_TASK_NOT_FOUND": ErrorKind(meaning="the plan has no such task"),
    "E_COMPONENT_NOT_FOUND": ErrorKind(meaning="no component of the repo has that id"),
    "E_NO_ANSWER": ErrorKind(meaning="a runner or a file gave no answer of the form that was asked for"),
    # checkpoints
    "E_CHECKPOINT_INVALID": ErrorKind(meaning="a checkpoint is missing or is not what it was when it was made"),
    "E_CHECKPOINT_UNSUPPORTED": ErrorKind(meaning="the worktree holds what a checkpoint cannot hold"),
    "E_CHECKPOINT_NOT_FOUND": ErrorKind(meaning="the run has no checkpoint of that number"),
    "E_HOLDS_SECRET": ErrorKind(meaning="what was asked for seems to hold a secret"),
    # finishing
    "E_EMPTY_DIFF": ErrorKind(meaning="the run has no commit that its target lacks"),
    "E_NOT_ON_BRANCH": ErrorKind(meaning="the worktree does not stand on the branch of the run"),
    "E_CONFLICT": ErrorKind(meaning="the work of the run conflicts with the branch it is to go to"),
    "E_NOT_FAST_FORWARD": ErrorKind(meaning="the branch to land on has commits that the run lacks"),
    "E_TARGET_DIRTY": ErrorKind(meaning="a checkout of the branch to land on has uncommitted changes"),
    "E_TARGET_MOVED": ErrorKind(meaning="the branch to land on moved again and again"),
    # the remote
    "E_NO_ORIGIN": ErrorKind(meaning="the repository has no remote called origin"),
    "E_UNSUPPORTED_ORIGIN": ErrorKind(meaning="origin is not on GitHub, so that there are no pull requests"),
    "E_GIT_FETCH_FAILED": ErrorKind(meaning="git could not fetch from the remote"),
    "E_GIT_PUSH_FAILED": ErrorKind(meaning="git could not push to the remote"),
    # scripts
    "E_SCRIPT_NOT_FOUND": ErrorKind(meaning="a configured script is missing or not executable"),
    "E_SCRIPT_FAILED": ErrorKind(meaning="a script of the repo failed"),
    "E_SCRIPT_TIMEOUT": ErrorKind(meaning="a script of the repo ran out of time"),
    "E_CONSENT_REQUIRED": ErrorKind(
        meaning="the repo brings along what would be executed, and the user has not allowed it"
    ),
    # the session
    "E_SESSION_NOT_FOUND": ErrorKind(meaning="the run has no session"),
    "E_RUNNER_EXITED": ErrorKind(meaning="the runner ended at once"),
    "E_SEND_FAILED": ErrorKind(meaning="the text could not be handed to the runner"),
    "E_KILL_FAILED": ErrorKind(meaning="a process of the run did not end"),
    "E_WAIT_TIMEOUT": ErrorKind(meaning="what was waited for did not come in time", exit_code=EXIT_ATTENTION),
    "E_RUN_ENDED": ErrorKind(
        meaning="the runner ended, so that what was waited for cannot come", exit_code=EXIT_FAILED
    ),
    # GitHub
    "E_GH_NOT_INSTALLED": ErrorKind(meaning="gh is not on PATH"),
    "E_GH_NOT_AUTHENTICATED": ErrorKind(meaning="gh has no token, or GitHub does not accept it"),
    "E_GH_FAILED": ErrorKind(meaning="GitHub could not be asked"),
    "E_GH_PR_VIEW_FAILED": ErrorKind(meaning="GitHub did not tell about the pull request"),
    "E_GH_PR_CREATE_FAILED": ErrorKind(meaning="the pull request could not be opened"),
    "E_GH_PR_EDIT_FAILED": ErrorKind(meaning="the text of the pull request could not be changed"),
    "E_GH_PR_MERGE_FAILED": ErrorKind(meaning="GitHub did not merge the pull request"),
    "E_NO_PR": ErrorKind(meaning="the run has no pull request"),
    "E_PR_NOT_OPEN": ErrorKind(meaning="the pull request was closed"),
    "E_PR_DRAFT": ErrorKind(meaning="the pull request is a draft"),
    "E_PR_MISMATCH": ErrorKind(meaning="the pull request goes into another branch than the parent of the run"),
    "E_PR_NOT_MERGEABLE": ErrorKind(meaning="the pull request conflicts with its base branch"),
    "E_PR_MERGEABILITY_UNKNOWN": ErrorKind(meaning="GitHub does not say whether the pull request can be merged"),
    "E_REMOTE_OUT_OF_DATE": ErrorKind(meaning="the pull request does not show what the run holds"),
    # storage
    "E_STORE_FAILED": ErrorKind(meaning="the data directory cannot be read or written"),
    "E_DISK_FULL": ErrorKind(meaning="there is no space left"),
    "E_LOG_NOT_FOUND": ErrorKind(meaning="the log asked for was never written"),
}


class AgencyError(Exception):
    """A failure that a user can understand and act on.

    ``code`` is a key of :data:`ERRORS`; ``message`` one plain sentence without a full stop; ``hint`` the next command to
    type (or a short instruction); ``details`` machine-readable context, printed as ``key: value`` lines.
    """

    def __init__(self, code: str, message: str, *, hint: str | None = None, **details: object) -> None:
        super().__init__(message)
        self.kind = ERRORS[code]
        self.code = code
        self.message = message
        self.hint = hint
        self.details = {key: value for key, value in details.items() if value is not None}

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"
