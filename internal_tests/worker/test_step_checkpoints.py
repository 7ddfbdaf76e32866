"""The checkpoints of the steps of a job: saved, read, verified, set aside."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from agency.domain.errors import AgencyError
from agency.store.jobfiles import attempt_record, inside, step_record
from agency.tools.git.command import Git
from agency.worker.chain import verify_chain
from agency.worker.checkpoint import StepDone, read_steps, save_step, supersede
from internal_tests.support.services import context_of, load
from internal_tests.support.world import SeenRun, World


def done(index: int, attempt: int = 1) -> StepDone:
    """A step that was accepted."""
    return StepDone(step_id=f"step-{index}", index=index, attempt=attempt, job_attempt=1, summary=f"did {index}")


@pytest.fixture
def run(world: World) -> SeenRun:
    """A run whose runner does nothing."""
    world.commit({".gitignore": "*.log\n", "src.txt": "as committed\n"})
    return world.run("job")


def save(world: World, run: SeenRun, index: int, attempt: int = 1) -> dict[str, Any]:
    """Save the checkpoint of a step; its record as it stands on disk."""
    save_step(context_of(world), load(world, run), done(index, attempt))
    return record(run, f"step-{index:04d}")


def record(run: SeenRun, name: str) -> dict[str, Any]:
    """The record of a checkpoint."""
    data = json.loads((run.directory / "state" / "steps" / f"{name}.json").read_text())
    assert isinstance(data, dict)
    return data


def refused(world: World, run: SeenRun, target: int) -> AgencyError:
    """Why the steps before ``target`` cannot be rebuilt."""
    with pytest.raises(AgencyError) as refusal:
        verify_chain(load(world, run), Git(environ=world.env, git_dir=str(world.repo / ".git")), target)
    assert refusal.value.code == "E_CHECKPOINT_INVALID"
    return refusal.value


def test_a_checkpoint_is_a_ref_a_patch_and_a_record_of_everything_in_the_worktree(world: World, run: SeenRun) -> None:
    tree = run.worktree
    (tree / "src.txt").write_text("changed\n")
    (tree / "new.bin").write_bytes(b"\0\1\2")
    (tree / "noise.log").write_text("ignored\n")
    (tree / "id_rsa").write_text("-----BEGIN PRIVATE KEY-----\n")
    before = world.git("status", "--porcelain=v2", cwd=tree), world.git("ls-files", "--stage", "--debug", cwd=tree)
    told = save(world, run, 0)
    assert told["changedFiles"] == ["new.bin", "src.txt"] and told["leftOut"] == ["id_rsa"]
    assert [file["op"] for file in told["files"]] == ["added", "modified"]
    assert (told["stepId"], told["stepIndex"], told["attempt"], told["jobAttempt"]) == ("step-0", 0, 1, 1)
    assert (told["status"], told["summary"], told["patchFormat"]) == ("valid", "did 0", "binary-full-index")
    assert (told["baseCommit"], told["head"]) == (world.git("rev-parse", "main"), world.git("rev-parse", run.branch))
    assert told["beforeTree"] == world.git("rev-parse", "main^{tree}")
    ref = f"refs/agency/steps/{run.id}/0000"
    assert world.git("rev-parse", f"{ref}^{{tree}}") == told["afterTree"] != told["beforeTree"]
    assert "id_rsa" not in world.git("ls-tree", "-r", "--name-only", ref)
    patch = run.directory / "patches" / "steps" / "step-0000.patch"
    assert patch.stat().st_size == told["patchBytes"] and patch.stat().st_mode & 0o777 == 0o600
    assert not told["containsSecret"] and b"PRIVATE" not in patch.read_bytes()
    assert before == (
        world.git("status", "--porcelain=v2", cwd=tree),
        world.git("ls-files", "--stage", "--debug", cwd=tree),
    )


def test_the_next_checkpoint_holds_only_what_the_next_step_did(world: World, run: SeenRun) -> None:
    (run.worktree / "src.txt").write_text("one\n")
    first = save(world, run, 0)
    world.commit({"other.txt": "committed by the agent\n"}, cwd=run.worktree)
    second = save(world, run, 1)
    third = save(world, run, 2)
    assert second["beforeTree"] == first["afterTree"] and second["changedFiles"] == ["other.txt"]
    assert second["head"] == world.git("rev-parse", run.branch) != first["head"]
    assert (third["afterTree"], third["diffHash"], third["patchBytes"]) == (second["afterTree"], None, 0)
    assert [step.index for step in read_steps(load(world, run))] == [0, 1, 2]
    chain = verify_chain(load(world, run), Git(environ=world.env, git_dir=str(world.repo / ".git")), 3)
    assert (chain.head, len(chain.patches)) == (second["head"], 3)


def test_saving_again_returns_the_checkpoint_of_the_attempt_as_it_was_taken(world: World, run: SeenRun) -> None:
    first = save(world, run, 0)
    (run.worktree / "src.txt").write_text("written later\n")
    assert save(world, run, 0) == first
    with pytest.raises(AgencyError, match="another attempt"):
        save(world, run, 0, attempt=2)
    with pytest.raises(AgencyError, match="missing"):
        save(world, run, 2)


@pytest.mark.case(55, "DOC-REQ-012")
def test_a_patch_with_a_secret_is_kept_to_the_byte_and_marked(world: World, run: SeenRun) -> None:
    (run.worktree / "config.txt").write_text("token = ghp_" + "a1B2" * 9 + "\n")
    assert save(world, run, 0)["containsSecret"] is True
    assert "ghp_" in (run.directory / "patches" / "steps" / "step-0000.patch").read_text()


@pytest.mark.case(38, "DOC-REQ-009")
def test_checkpoints_of_steps_that_are_done_again_are_kept_as_superseded(world: World, run: SeenRun) -> None:
    for index in range(3):
        (run.worktree / "src.txt").write_text(f"{index}\n")
        save(world, run, index)
    old = record(run, "step-0001")
    assert [step.index for step in supersede(context_of(world), load(world, run), 1)] == [1, 2]
    assert refused(world, run, 2).details["step"] == 1
    (run.worktree / "src.txt").write_text("another way\n")
    assert save(world, run, 1, attempt=2)["afterTree"] != old["afterTree"]
    assert supersede(context_of(world), load(world, run), 1) != []
    assert record(run, "step-0001.superseded-1") == {**old, "status": "superseded"}
    assert record(run, "step-0001.superseded-2")["attempt"] == 2
    refs = world.git("for-each-ref", "--format=%(refname:lstrip=4)", "refs/agency/steps").split()
    assert refs == ["0000", "0001.superseded-1", "0001.superseded-2", "0002.superseded-1"]
    assert world.git("rev-parse", f"refs/agency/steps/{run.id}/0001.superseded-1^{{tree}}") == old["afterTree"]
    assert [(step.index, step.status) for step in supersede(context_of(world), load(world, run), 0)] == [
        (0, "superseded")
    ]


@pytest.mark.case(34, "DOC-REQ-005", "DOC-REQ-007")
def test_a_chain_that_is_not_whole_is_refused_with_what_is_wrong(world: World, run: SeenRun) -> None:
    for index in range(2):
        (run.worktree / "src.txt").write_text(f"{index}\n")
        save(world, run, index)
    patch = run.directory / "patches" / "steps" / "step-0001.patch"
    told = run.directory / "state" / "steps" / "step-0001.json"
    good, whole = patch.read_bytes(), json.loads(told.read_text())

    def after(change: dict[str, Any] | None = None, content: bytes | None = good) -> AgencyError:
        told.write_text(json.dumps({**whole, **(change or {})}))
        patch.unlink(missing_ok=True)
        if content is not None:
            patch.write_bytes(content)
        return refused(world, run, 2)

    assert after(content=None).details["file"] == str(patch)
    assert after(content=good[:-5]).details["expected"] == f"{len(good)} bytes"
    error = after(content=good.replace(b"+1", b"+2"))
    assert (error.details["step"], error.details["expected"]) == (1, whole["patchSha256"])
    assert after({"beforeTree": "0" * 40}).details["actual"] == "0" * 40
    assert after({"diffHash": "tree:" + "0" * 40}).details["expected"] == whole["diffHash"]
    assert after({"status": "superseded"}).details["actual"] == "superseded"
    assert after({"changedFiles": ["other"]}).details["file"] == str(told)
    assert after({"schemaVersion": "v9"}).details["step"] == 1
    told.write_text("{half")
    assert refused(world, run, 2).details["file"] == str(told)
    told.unlink()
    assert refused(world, run, 2).details["actual"] == "none"


def test_a_step_that_made_a_repository_of_its_own_is_refused_and_leaves_nothing(world: World, run: SeenRun) -> None:
    nested = run.worktree / "nested"
    nested.mkdir()
    world.git("init", "--quiet", cwd=nested)
    world.git("commit", "--quiet", "--allow-empty", "--message=x", cwd=nested)
    with pytest.raises(AgencyError) as refusal:
        save(world, run, 0)
    assert refusal.value.code == "E_CHECKPOINT_UNSUPPORTED" and refusal.value.details["paths"] == ["nested"]
    world.git("update-ref", "-d", "HEAD", cwd=nested)
    with pytest.raises(AgencyError) as refusal:
        save(world, run, 0)
    assert refusal.value.details["paths"] == ["nested"], "one without a commit too"
    assert not (run.directory / "state").exists()
    assert world.git("for-each-ref", "refs/agency/steps") == ""


@pytest.mark.case(9, "DOC-REQ-007")
def test_names_of_files_are_made_of_numbers_and_stay_in_the_directory_of_the_run(tmp_path: Path) -> None:
    place = str(tmp_path)
    assert step_record(place, 3) == f"{place}/state/steps/step-0003.json"
    assert attempt_record(place, 1, 2) == f"{place}/state/self_heal/attempt-0001-0002.json"
    assert inside(place, "a/b") == f"{place}/a/b"
    for name in ("../x", "/abs", "a/../../x", "..", ".", "", "a/../b", "x\0y"):
        with pytest.raises(AgencyError):
            inside(place, name)
    assert os.listdir(place) == []
