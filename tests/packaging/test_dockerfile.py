"""The Dockerfile without a container engine: its steps, run in a root folder of their own."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.live

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "packaging" / "Dockerfile"
STEPS = Path(__file__).parent / "steps.sh"
# Where steps.sh puts the source.
CONTEXT = "/tmp/context"  # noqa: S108 - within that root
NAMESPACES = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private")


@dataclass(frozen=True)
class Step:
    word: str
    rest: str


def steps() -> list[Step]:
    lines = DOCKERFILE.read_text().replace("\\\n", "").splitlines()
    written = (line.partition(" ") for line in lines if line and not line.startswith("#"))
    return [Step(word, rest) for word, _, rest in written]


def only(word: str) -> str:
    (found,) = (step.rest for step in steps() if step.word == word)
    return found


def in_shell(step: Step) -> str:
    """One step as a line of a shell that stands at the root."""
    if step.word == "RUN":
        return f"( {step.rest} )"
    if step.word == "ENV":
        return f"export {step.rest}"
    if step.word == "COPY" and not step.rest.startswith("--from"):
        *sources, target = step.rest.split()
        if len(sources) > 1:
            return f"mkdir -p {target}; (cd {CONTEXT}; cp -r {' '.join(sources)} {target})"
        return f"mkdir -p {target}; cp -r {CONTEXT}/{sources[0]}/. {target}"
    # Both stages are built in one root, so what one copies from the other is there.
    return ":"


def script() -> str:
    """The steps; then what an engine does: the command as the user, the health check, and the end."""
    user = f"setpriv --reuid={only('USER')} --regid={only('USER')} --clear-groups --no-new-privs"
    command = shlex.join([*json.loads(only("ENTRYPOINT")), *json.loads(only("CMD"))])
    health = shlex.join(json.loads(only("HEALTHCHECK").partition("CMD ")[2]))
    return "\n".join(
        (
            *map(in_shell, steps()),
            "cd /",
            f"{user} {command} 2>/tmp/log & server=$!",
            f"for _ in $(seq 60); do {user} {health} 2>/tmp/health && healthy=yes && break; sleep 1; done",
            'echo "healthy=${healthy:-no}"; cat /tmp/health >&2',
            'echo "user=$(stat -c %U /proc/$server)"',
            'echo "written by others=$(find /opt/upload-guard ! -user root | wc -l)"',
            "kill -TERM $server; wait $server; echo ended=$?",
            'echo "log=$(head -1 /tmp/log)"',
        )
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a root folder of its own")
def test_its_steps_build_a_sidecar_that_is_healthy_as_a_user_of_its_own(tmp_path: Path) -> None:
    probe = subprocess.run([*NAMESPACES, "true"], check=False, capture_output=True)
    if probe.returncode:
        pytest.skip(f"no namespaces here: {probe.stderr.decode().strip()}")
    if subprocess.run(
        ["/usr/bin/python3", "-c", "import ensurepip"], check=False, capture_output=True
    ).returncode:
        pytest.skip("Debian's python3-venv is not here")
    done = subprocess.run(
        [*NAMESPACES, "sh", str(STEPS), str(tmp_path), str(ROOT)],
        input=script(),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        env={
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("UPLOAD_GUARD_", "PYTEST"))
        },
    )
    said = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    assert done.returncode == 0, done.stderr[-3000:]
    # No list is active yet: it lives, and nobody is told that it checks anything.
    assert said["healthy"] == "yes", done.stderr[-3000:]
    assert said["user"] == only("USER")
    assert said["written by others"] == "0"
    assert said["ended"] == "0"
    assert json.loads(said["log"])["level"] in {"info", "warning"}


def test_it_runs_as_nobody_special_and_holds_no_secret() -> None:
    assert only("USER") not in {"root", "0"}
    text = DOCKERFILE.read_text().lower()
    assert not any(word in text for word in ("secret", "password", "master"))
