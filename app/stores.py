"""Where the maps of this run lie: one store for every recipe and folder, removed at the end."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from app.looking import Looking
from app.model.places import Places
from app.model.session import Session

if TYPE_CHECKING:
    from inspector_core.recipe import Recipe
    from inspector_core.store import ResultStore


class Stores:
    """Gives the stores that inspections write into; the one in use is the one that is looked at."""

    def __init__(self, places: Places, session: Session, looking: Looking) -> None:
        self._session = session
        self._looking = looking
        self._scratch = places.scratch_folder()
        self._count = 0

    def for_recipe(self, recipe: Recipe) -> tuple[ResultStore, ResultStore | None]:
        """The store for results of a recipe, and the one that it replaces.

        Maps of two inspections never mix: another recipe or folder gets a store of its own.
        """
        from inspector_core.store import ResultStore

        store, outdated = self._looking.store, None
        if store is None or store.recipe_sha256 != recipe.sha256 or not self._session.results:
            outdated = store
            self._count += 1
            folder = Path(self._scratch.name) / f"results-{self._count}"
            store = ResultStore.create(folder, recipe.sha256)
            self._looking.store = store
        return store, outdated

    def adopt(self, recipe: Recipe) -> None:
        """The maps stay what they are when their recipe gets other limits."""
        from inspector_core.store import ResultStore

        store = self._looking.store
        if store is not None and self._is_ours(store):
            self._looking.store = ResultStore(store.folder, recipe.sha256)

    def discard(self, store: ResultStore | None) -> None:
        """Remove a store of this run that nothing refers to any more."""
        if store is not None and self._is_ours(store):
            shutil.rmtree(store.folder, ignore_errors=True)

    def close(self) -> None:
        """Remove everything."""
        self._scratch.cleanup()

    def _is_ours(self, store: ResultStore) -> bool:
        return Path(self._scratch.name) in store.folder.parents
