"""The part as a cloud of points: turned by mouse and keys, coloured by picture, map, height or deviation."""

from app.views.cloud_pane.palette import MODES
from app.views.cloud_pane.pane import CloudPane

__all__ = ["MODES", "CloudPane"]
