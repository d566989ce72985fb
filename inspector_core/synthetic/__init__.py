"""Synthetic parts: ray-cast, with registered picture and cloud, exact masks and truth in mm.

families/    what the parts look like: bracket (rigid), biscuit (organic), tile (textured, flat)
camera       pinhole camera, pose, ray casting onto a height field
lighting     shading, shadow, occlusion, reflections        sensor   noise and missing readings
kinds        which defects exist                            defects  where they are put
truth        masks and measures                             part     one part from its name
folder       many parts in the MVTec 3D-AD layout

What a part looks like follows from (family, seed, split, label, index, size) alone. The output is
frozen: a test compares its hash, because detectors are tuned on these parts.
"""

from __future__ import annotations

from inspector_core.synthetic.families import FAMILIES
from inspector_core.synthetic.folder import Summary, make
from inspector_core.synthetic.part import Part, make_part

__all__ = ["FAMILIES", "Part", "Summary", "make", "make_part"]
