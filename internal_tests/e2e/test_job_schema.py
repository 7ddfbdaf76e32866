"""``agency job schema``, and what is said of a job file that does not follow it."""

import json
from typing import Any

from internal_tests.support.jobs import use_plan, writes
from internal_tests.support.world import World


def test_the_schema_of_a_job_file_is_printed_anywhere(world: World) -> None:
    schema = json.loads(world.ok("job", "schema", cwd=world.home).out)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$ref"] == "#/$defs/JobFile"
    assert set(schema["$defs"]["JobFile"]["required"]) == {"objective", "steps"}
    assert {"id", "title", "instructions", "check", "timeout", "idle_timeout"} == set(
        schema["$defs"]["JobStep"]["properties"]
    )
    for words in ((), ("--user",)):
        healing = json.loads(world.ok("config", "schema", *words).out)["$defs"]["Healing"]["properties"]
        assert {"max_attempts", "max_resets", "failure_rules"} < set(healing)


def test_a_job_that_cannot_be_starts_nothing_and_says_where_and_what_to_do(world: World) -> None:
    use_plan(world, {"*": [writes("a")]})
    file = world.root / "job.yaml"
    words = ("run", "form", "--headless", "--job", str(file), "--detached")

    def refusal(text: str, *more: str) -> dict[str, Any]:
        file.write_text(text)
        result = world.agency(*words, "--json", *more)
        assert result.code in (1, 2)
        return result.error

    whole = "objective: x\nsteps:\n  - instructions: y\n"
    told = refusal(f"{whole}    chek: test -f a\n")
    assert (told["code"], told["hint"]) == ("E_INVALID_JOB", "did you mean check?")
    where = told["details"]
    assert (where["file"], where["line"], where["key"]) == (str(file), 4, "steps[0].chek")
    assert refusal(f"{whole}budgets: {{timeout: 1}}\n")["details"]["key"] == "budgets.timeout"
    told = refusal(f"{whole}model: small\n")
    assert (told["code"], told["hint"]) == ("E_USAGE", "put the words that tell it after --")
    told = refusal(whole, "--idle-timeout", "31d")
    assert (told["code"], told["details"]["flag"]) == ("E_INVALID_CONFIG", "--idle-timeout")
    assert world.runs() == [] and world.sessions() == []
    run = world.ok(*words, "--timeout", "0").pairs["run_id"]
    job = json.loads((world.find(run).directory / "job.json").read_text())
    assert (job["budgets"]["timeout_seconds"], job["budget_origins"]["timeout"]) == (0, "flag")
    world.ok("wait", "form")
