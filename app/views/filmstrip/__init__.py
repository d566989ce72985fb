"""The rail: parts of the folder as a strip of small pictures with their verdicts."""

from app.views.filmstrip.filmstrip import Filmstrip

__all__ = ["Filmstrip"]
