"""The laws of all rooms, which know every region there is."""

import portal.regions.catalogue  # noqa: F401
