"""The points in VTK: drawn off-screen in interleaved subsets, read back as point numbers.

VTK only finds out which point is seen at each pixel: its colours are the points' numbers. What colour a
point has is looked up afterwards (`shading`), so that a moved threshold draws nothing anew.

While something moves only the first subset is drawn, with points large enough to close the surface;
afterwards all subsets are drawn one by one on top of each other, so that no step takes long.
Only imported after `probe` has said that a frame can be drawn.
"""

from __future__ import annotations

import numpy as np
import vtkmodules.vtkRenderingOpenGL2  # noqa: F401  registers the drawing classes
from vtkmodules.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray, vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkPoints, vtkUnsignedCharArray
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkRenderer, vtkRenderWindow

from app.views.cloud_pane.camera import VIEW_ANGLE, Camera
from inspector_core.types import Array

_NUMBER_BITS = np.uint32(0xFFFFFF)


class _Subset:
    """Every m-th point in both directions of the grid; becomes an actor when it is first drawn."""

    def __init__(self, index: Array, xyz: Array) -> None:
        self.index = index
        self._xyz = xyz
        self.actor: vtkActor | None = None

    def build(self) -> vtkActor:
        """The actor; the arrays stay here, VTK only points at them."""
        if self.actor is None:
            count = len(self.index)
            self._points = np.ascontiguousarray(self._xyz.reshape(-1, 3)[self.index], np.float32)
            self._numbers = _encoded(self.index)
            points = vtkPoints()
            points.SetData(numpy_to_vtk(self._points))
            self._offsets = np.arange(count + 1, dtype=np.int64)
            cells = vtkCellArray()
            cells.SetData(
                numpy_to_vtkIdTypeArray(self._offsets), numpy_to_vtkIdTypeArray(self._offsets[:-1])
            )
            data = vtkPolyData()
            data.SetPoints(points)
            data.SetVerts(cells)
            data.GetPointData().SetScalars(numpy_to_vtk(self._numbers))
            mapper = vtkPolyDataMapper()
            mapper.SetInputData(data)
            mapper.SetColorModeToDirectScalars()
            mapper.StaticOn()
            self.actor = vtkActor()
            self.actor.SetMapper(mapper)
            self.actor.GetProperty().LightingOff()
        return self.actor


class Scene:
    """One cloud, drawn by VTK into memory."""

    def __init__(self, points_while_moving: int) -> None:
        self._limit = points_while_moving
        self._window = vtkRenderWindow()
        self._window.SetOffScreenRendering(1)
        self._window.SetMultiSamples(0)
        self._renderer = vtkRenderer()
        self._renderer.SetBackground(0.0, 0.0, 0.0)
        self._window.AddRenderer(self._renderer)
        self._subsets: list[_Subset] = []
        self._stride = 1
        self._spacing_mm = 0.1
        self._pixels = vtkUnsignedCharArray()

    @property
    def steps(self) -> int:
        """Subsets to draw for the complete picture."""
        return len(self._subsets)

    def set_points(self, xyz: Array) -> None:
        """(H, W, 3) float32 mm, NaN = no point."""
        self._renderer.RemoveAllViewProps()
        height, width = xyz.shape[:2]
        valid = np.isfinite(xyz[..., 2])
        stride = 1
        while np.count_nonzero(valid[::stride, ::stride]) > self._limit:
            stride *= 2
        self._stride = stride
        index = np.arange(height * width).reshape(height, width)
        self._subsets = [
            _Subset(index[row::stride, column::stride][valid[row::stride, column::stride]], xyz)
            for row, column in _dispersed(stride)
        ]
        self._subsets = [subset for subset in self._subsets if len(subset.index)]
        self._spacing_mm = _spacing(xyz)

    def draw(self, camera: Camera, width: int, height: int, step: int, *, coarse: bool) -> None:
        """Draw one subset; step 0 clears first. coarse: alone, with points that close the gaps."""
        if not self._subsets:
            return
        self._window.SetSize(width, height)
        self._aim(camera)
        keep = step > 0
        self._renderer.SetPreserveColorBuffer(keep)
        self._renderer.SetPreserveDepthBuffer(keep)
        subset = self._subsets[step]
        actor = subset.build()
        if not self._renderer.HasViewProp(actor):
            self._renderer.AddActor(actor)
        for other in self._subsets:
            if other.actor is not None:
                other.actor.SetVisibility(other is subset)
        spacing = self._spacing_mm * (self._stride if coarse else 1)
        size = spacing / camera.mm_per_px(height)
        actor.GetProperty().SetPointSize(min(max(size * 1.25 + 0.6, 2.0), 14.0))
        self._window.Render()

    def read(self) -> Array:
        """(height, width) int32: number (row-major) of the point at each pixel, -1 = none; top row first."""
        width, height = self._window.GetSize()
        self._window.GetRGBACharPixelData(0, 0, width - 1, height - 1, 0, self._pixels, 0)
        packed = vtk_to_numpy(self._pixels).view("<u4").reshape(height, width)[::-1]
        return (packed & _NUMBER_BITS).astype(np.int32) - 1

    def close(self) -> None:
        """Give everything back; the scene is of no use afterwards."""
        self._renderer.RemoveAllViewProps()
        self._window.Finalize()
        self._subsets = []

    def _aim(self, camera: Camera) -> None:
        near, far = max(camera.distance * 0.02, 0.1), camera.distance * 6 + 500
        target = self._renderer.GetActiveCamera()
        target.SetViewAngle(VIEW_ANGLE)
        target.SetFocalPoint(*camera.centre)
        target.SetPosition(*camera.position())
        target.SetViewUp(*(-camera.axes()[1]))
        target.SetClippingRange(near, far)


def _encoded(index: Array) -> Array:
    """(N,) numbers to (N, 3) uint8 colours; 0 stays free for the background."""
    return np.ascontiguousarray((index + 1).astype("<u4").view(np.uint8).reshape(-1, 4)[:, :3])


def _dispersed(stride: int) -> list[tuple[int, int]]:
    """Offsets of the subsets, spread so that each new one falls between those before."""
    if stride == 1:
        return [(0, 0)]
    half = _dispersed(stride // 2)
    return [
        (2 * row + dy, 2 * column + dx)
        for dy, dx in ((0, 0), (1, 1), (0, 1), (1, 0))
        for row, column in half
    ]


def _spacing(xyz: Array) -> float:
    """Median distance of neighbouring points in mm."""
    steps = np.linalg.norm(np.diff(xyz[:: max(1, len(xyz) // 60)], axis=1), axis=2)
    seen = steps[np.isfinite(steps)]
    return float(np.median(seen)) if len(seen) else 0.1
