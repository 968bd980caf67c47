"""What stands in a maze: the goal and what can be eaten, with pictures of Freedoom."""

from __future__ import annotations

from typing import NamedTuple


class Kind(NamedTuple):
    """A kind of thing.

    Args:
        name: of its class in the engine. number: its type in maps (DoomEdNum).
        sprite: four letters, of those in `freedoom2.wad`. scale: of its picture.
        reward: for reaching or eating it.
    """

    name: str
    number: int
    sprite: str
    scale: float
    reward: float


class Item(NamedTuple):
    """Something to eat, and where it lies, in cells."""

    kind: Kind
    x: float
    y: float


# The rewards of goal, apples and strawberries are those of Mirowski et al., 2017. Rusu et al.,
# 2016, say of lemons and mushrooms no more than that they are negative.
GOAL = Kind("GenkitGoal", 15001, "SOUL", 2.0, 10.0)
APPLE = Kind("GenkitApple", 15002, "BON1", 2.0, 1.0)
STRAWBERRY = Kind("GenkitStrawberry", 15003, "BON2", 2.0, 2.0)
LEMON = Kind("GenkitLemon", 15004, "YSKU", 2.0, -1.0)
MUSHROOM = Kind("GenkitMushroom", 15005, "BSKU", 2.0, -1.0)
EATABLE = (APPLE, STRAWBERRY, LEMON, MUSHROOM)
HALT = "GenkitHalt"

# The goal cannot be picked up, so it stays. The engine counts what is eaten (ITEMCOUNT).
_GOAL = """actor {name} {number}
{{
  Scale {scale}
  States
  {{
  Spawn:
    {sprite} A -1 Bright
    Stop
  }}
}}
"""
# Health that is taken by who needs none, and adds nothing.
_EATABLE = """actor {name} : Health {number}
{{
  +COUNTITEM
  +INVENTORY.ALWAYSPICKUP
  +INVENTORY.QUIET
  Inventory.Amount 0
  Inventory.PickupMessage ""
  Scale {scale}
  States
  {{
  Spawn:
    {sprite} A -1 Bright
    Stop
  }}
}}
"""
# Who gets it stands still at once.
_HALT = """actor {name} : CustomInventory
{{
  +INVENTORY.QUIET
  States
  {{
  Pickup:
    TNT1 A 0 A_Stop
    Stop
  }}
}}
"""


def decorate() -> str:
    """The engine's definitions of all kinds (the lump DECORATE)."""
    kinds = [_EATABLE.format(**kind._asdict()) for kind in EATABLE]
    return "".join([_GOAL.format(**GOAL._asdict()), *kinds, _HALT.format(name=HALT)])
