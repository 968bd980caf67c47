"""Whether names of environments may import modules, which runs their code.

Gymnasium imports `module` for an id such as `module:Game-v0`. A recipe that comes from somewhere
else should not run code by that, so it has to be allowed. What is allowed stands in the process's
environment, where worker processes see it too.
"""

from __future__ import annotations

import os

VARIABLE = "GENKIT_ALLOW_IMPORT"


def allow() -> None:
    """Allow it, in this process and in those that it starts from now on."""
    os.environ[VARIABLE] = "1"


def allowed() -> bool:
    """Whether it is allowed."""
    return os.environ.get(VARIABLE) == "1"
