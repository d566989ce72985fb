"""A zoomable picture with map, outlines, scale bar and linked cursor."""

from app.views.image_pane.pane import ImagePane

__all__ = ["ImagePane"]
