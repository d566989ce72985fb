"""Assembles the five panes and keeps them on the same part, place, colours and defects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from PySide6.QtCore import QRectF, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.model.part_view import MAPS, Message, Outline, PartView
from app.model.pictures import grid_normals, luminance, relief, screen_picture, under_map
from app.views.cloud_pane import MODES, CloudPane
from app.views.image_pane import ImagePane
from app.views.legend import Legend, ScaleStrip
from app.views.stage import cloud_colours, words
from app.views.stage.cloud_colours import ModeButton
from app.views.stage.cloud_feeder import CloudFeeder
from app.views.stage.cursor import LinkedCursor
from app.views.stage.grid import PaneGrid
from inspector_core.colormaps import NAMES, overlay_table
from inspector_core.types import Array

_UNMEASURED = 0.1
_TITLES = {"rgb": ("Colour", "2D"), "shape": ("Shape", "3D"), "fused": ("Fused", "")}


class Stage(QWidget):
    """Shows one `PartView`. Coordinates are (x, y) in source pixels.

    hovered, left : from any pane, already linked inside the stage.   defect_clicked : a defect's number.
    pixel_clicked : a click beside all defects.   cloud_mode_changed : chosen on the cloud itself.
    prepared : the first 3D frame was drawn, or this machine cannot draw any; heavy imports may begin.
    maximised : number of the pane that fills the stage, 0 = all.
    """

    hovered = Signal(int, int)
    left = Signal()
    defect_clicked = Signal(int)
    pixel_clicked = Signal(int, int)
    cloud_mode_changed = Signal(str)
    prepared = Signal()
    maximised = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view: PartView | None = None
        self._limits = (1.0, 1.5, 3.0)
        self._colormap, self._opacity, self._gain = NAMES[0], 1.0, 1.0
        self._outlines: tuple[Outline, ...] = ()
        self._selected: int | None = None
        self._linked = True
        self._build()
        self._wire()
        self.set_thresholds(*self._limits)

    def _build(self) -> None:
        self.rgb_pane = ImagePane("RGB")
        self.cloud_pane = CloudPane("Cloud")
        self.map_panes = {name: ImagePane(*_TITLES[name]) for name in MAPS}
        self.legend = Legend()
        self._feeder = CloudFeeder(self.cloud_pane)
        self.grid = PaneGrid(self._panes(), self.legend, self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.grid)
        self.setFocusProxy(self.rgb_pane)
        self._words = words.StageWords(self, self.grid.maps_area)
        self._cursor = LinkedCursor(
            self._image_panes(), self.cloud_pane, self.legend, self._feeder.scale
        )

    def _wire(self) -> None:
        for picture in self._image_panes():
            picture.clicked.connect(self._click_image)
            picture.outline_clicked.connect(self.defect_clicked)
            if picture is not self.rgb_pane:
                picture.link_to(self.rgb_pane)
        self._cursor.moved.connect(self.hovered)
        self._cursor.left.connect(self.left)
        self.cloud_pane.clicked.connect(self._click_cloud)
        self.cloud_pane.outline_clicked.connect(self.defect_clicked)
        self.cloud_pane.prepared.connect(self.prepared)
        self._feeder.mode_changed.connect(self.cloud_mode_changed)
        for number, pane in enumerate(self._panes(), start=1):
            pane.maximise_requested.connect(partial(self.maximise, number))
        self.grid.maximised.connect(self.maximised)

    # what is shown

    def show_part(self, view: PartView) -> None:
        """Show a part; zoom and camera stay while the picture's size does."""
        before = None if self._view is None else self._view.shape
        self._view = view
        self._outlines, self._selected = (), None
        picture = None if view.rgb is None else screen_picture(view.rgb, view.gain * self._gain)
        self._show_pictures(view, picture)
        self._show_maps(view)
        self._feeder.show_part(view, picture)
        self.legend.setEnabled(any(view.map(name) is not None for name in MAPS))
        self._show_words(view)
        self.set_outlines(())
        self._cursor.set_view(view)
        if view.shape not in (before, (0, 0)):
            self._set_home(view)

    def show_loading(self, name: str) -> None:
        """A part is on its way: what is shown stays, and after 0.3 s words say what is awaited."""
        self._words.wait_for(name)

    def show_message(self, message: Message, icon: str = "image") -> None:
        """Nothing to show: words over the whole stage."""
        self._words.say(message, icon)

    def set_thresholds(self, t1: float, t2: float, top: float) -> None:
        """T1 and T2 in times the usual; `top` is where the scale ends (fixed by the recipe)."""
        rescaled = top != self._limits[2]
        self._limits = (t1, t2, top)
        if rescaled and self._view is not None:
            self._show_maps(self._view)
        self._recolour()

    def set_opacity(self, opacity: float) -> None:
        """Scale of the maps' opacity, 0..1."""
        self._opacity = opacity
        self._recolour()

    def set_colormap(self, name: str) -> None:
        """One of `inspector_core.colormaps.NAMES`."""
        self._colormap = name
        self._recolour()

    def set_maps_visible(self, visible: bool) -> None:
        """Show or hide the maps over their pictures."""
        for pane in self.map_panes.values():
            pane.set_map_visible(visible)

    def set_display_gain(self, gain: float) -> None:
        """Brighten dark pictures on the screen only."""
        if gain != self._gain:
            self._gain = gain
            if self._view is not None:
                outlines, selected = self._outlines, self._selected
                self.show_part(self._view)
                self._selected = selected
                self.set_outlines(outlines)

    def set_outlines(self, outlines: Sequence[Outline]) -> None:
        """Outlines of the part's defects, drawn in every pane."""
        self._outlines = tuple(outlines)
        self._draw_outlines()

    def set_selected(self, number: int | None) -> None:
        """The defect that is drawn stronger, or none."""
        if number != self._selected:
            self._selected = number
            self._draw_outlines()

    def set_summary(self, text: str) -> None:
        """What a screen reader says about the pictures, e.g. "reject, 2 defects, largest 4.1 mm"."""
        for pane in (*self._image_panes(), self.cloud_pane):
            pane.setAccessibleDescription(text)

    def set_marker(self, pixel: tuple[int, int] | None) -> None:
        """Place the linked cursor in every pane with its read-out, or hide it."""
        self._cursor.mark(pixel)

    @property
    def words(self) -> tuple[str, str, str]:
        """Title, text and cure that stand over the maps or the whole stage; empty when none do."""
        return self._words.shown()

    @property
    def mode_button(self) -> ModeButton:
        """The button on the cloud that chooses its colours."""
        return self._feeder.mode_button

    @property
    def cloud_scale(self) -> ScaleStrip:
        """The cloud's own scale in mm, hidden in the other modes."""
        return self._feeder.scale

    @property
    def settled(self) -> bool:
        """True when every pane shows the part completely, the cloud with all its points."""
        no_cloud = self._view is None or words.missing_cloud(self._view) is not None
        return not self._feeder.pending and (no_cloud or self.cloud_pane.complete)

    # how it is seen

    def set_cloud_mode(self, mode: str) -> None:
        """Colour the cloud by one of `MODES`; relief only where the part has no such values."""
        self._feeder.set_mode(mode)

    def cloud_modes(self) -> tuple[str, ...]:
        """Modes that the part shown has values for."""
        view = self._view
        return () if view is None else tuple(m for m in MODES if cloud_colours.has_mode(view, m))

    def set_deviation_reach(self, reach_mm: float) -> None:
        """End of the deviation's scale to both sides, in mm."""
        self._feeder.set_deviation_reach(reach_mm)

    @property
    def deviation_reach(self) -> float:
        """End of the deviation's scale to both sides, in mm."""
        return self._feeder.deviation_reach

    def set_linked(self, linked: bool) -> None:
        """Whether the pictures zoom and pan together."""
        if linked != self._linked:
            self._linked = linked
            for pane in self.map_panes.values():
                (pane.link_to if linked else pane.unlink_from)(self.rgb_pane)
                if linked:
                    pane.look(self.rgb_pane.view)

    def fit(self) -> None:
        """Show the whole part in every pane."""
        for pane in self._image_panes():
            pane.fit()
        self._feeder.flush()
        self.cloud_pane.reset_view()

    def zoom_to(self, bbox: tuple[float, float, float, float]) -> None:
        """Bring a box (x0, y0, x1, y1) into the middle of every pane."""
        for pane in self._image_panes():
            pane.zoom_to(bbox)
        self._feeder.flush()
        self.cloud_pane.zoom_to(bbox)

    def maximise(self, number: int) -> None:
        """Let pane 1 RGB, 2 cloud, 3 colour, 4 shape, 5 fused fill the stage; again, or 0: all."""
        self.grid.maximise(number)

    def warm_up(self) -> None:
        """Load what the first part needs, after the window's first paint; `prepared` follows."""
        for pane in self._image_panes():
            pane.warm_up()
        self.cloud_pane.warm_up()

    def close_gl(self) -> None:
        """Give the render window back before the application ends."""
        self._words.stop_waiting()
        self._feeder.stop()
        self.cloud_pane.close_gl()

    # inside

    def _panes(self) -> tuple[ImagePane | CloudPane, ...]:
        return self.rgb_pane, self.cloud_pane, *self.map_panes.values()

    def _image_panes(self) -> tuple[ImagePane, ...]:
        return (self.rgb_pane, *self.map_panes.values())

    def _show_pictures(self, view: PartView, picture: Array | None) -> None:
        self.rgb_pane.show_part(picture, view.mm_per_px, view.unit)
        base = None
        if picture is not None:
            base = under_map(luminance(picture))
        elif view.xyz is not None:
            shade = relief(grid_normals(view.xyz) if view.normals is None else view.normals)
            lit = np.where(np.isfinite(view.xyz[..., 2]), shade, np.float32(_UNMEASURED))
            base = under_map((lit * np.float32(255)).astype(np.uint8))
        for pane in self.map_panes.values():
            pane.show_part(base, view.mm_per_px, view.unit)

    def _show_maps(self, view: PartView) -> None:
        missing = None
        if view.valid is not None:
            missing = ~view.valid if view.foreground is None else view.foreground & ~view.valid
        for name, pane in self.map_panes.items():
            hatched = missing if name != "rgb" and view.map(name) is not None else None
            pane.show_map(view.map(name), self._limits[2], hatched)

    def _set_home(self, view: PartView) -> None:
        x0, y0, x1, y1 = view.bounds()
        height, width = view.shape
        room = 0.09 * max(x1 - x0, y1 - y0)
        part = QRectF(x0 - room, y0 - room, x1 - x0 + 2 * room, y1 - y0 + 2 * room)
        home = part & QRectF(-0.5, -0.5, width, height)
        for pane in self._image_panes():
            pane.set_home(home)
            pane.fit()

    def _show_words(self, view: PartView) -> None:
        self._words.show_part(view)
        self.rgb_pane.set_message(words.NO_PICTURE if view.rgb is None else None, "image")
        self.cloud_pane.set_message(words.missing_cloud(view))
        for name, pane in self.map_panes.items():
            pane.set_message(words.missing_map(view, name) if view.message is None else None)

    def _recolour(self) -> None:
        t1, t2, top = self._limits
        lut = overlay_table(self._colormap, t1, t2, top, self._opacity)
        for pane in self.map_panes.values():
            pane.set_lookup(lut)
        self._feeder.set_lookup(lut, top, self._colormap)
        self.legend.show_usual(t1, t2, top, self._colormap)

    def _draw_outlines(self) -> None:
        drawn = [replace(o, selected=o.number == self._selected) for o in self._outlines]
        for pane in self._image_panes():
            pane.set_outlines(drawn)
        self._feeder.set_outlines(drawn)

    def _click_image(self, x: float, y: float) -> None:
        if self.rgb_pane.outline_at(x, y) is None:
            self.pixel_clicked.emit(round(x), round(y))

    def _click_cloud(self, x: int, y: int) -> None:
        number = self.rgb_pane.outline_at(x, y)
        if number is None:
            self.pixel_clicked.emit(x, y)
        else:
            self.defect_clicked.emit(number)
