"""Generated pictures to train extractors on: no photograph, no rendered part, no data set is inside.

Every function draws a batch from a seeded torch.Generator on the device of that generator.
"""

from inspector_core.pretrain.pictures.mixing import (
    FAMILIES,
    HELD_OUT,
    SIDE_MULTIPLE,
    drawn,
    family_of,
)

__all__ = ["FAMILIES", "HELD_OUT", "SIDE_MULTIPLE", "drawn", "family_of"]
