"""The stage: picture, cloud and the three maps of one part, all showing the same place."""

from app.views.stage.stage import Stage

__all__ = ["Stage"]
