"""The command line on tiny parts, as its own tests drive it."""

from tests.core.cli.conftest import (  # noqa: F401
    learnt,
    own_copy,
    recipe,
    relief,
    surroundings,
    tiny_folder,
)
